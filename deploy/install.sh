#!/bin/sh
# Installs authwatch where there is no package for it: the program, man pages, completions, and the service files of this
# machine's init system. Starts nothing; says what to do next. What it has written stands in a manifest with checksums, so
# that running it again changes nothing, a file that somebody has edited is never overwritten (the new one is put beside
# it as FILE.new), and --uninstall removes what it wrote and nothing else.
set -eu

usage() {
	cat <<'USAGE'
usage: deploy/install.sh [--user | --system] [options]

  --user           for yourself, below ~/.local and ~/.config (default unless you are root)
  --system         for the machine, below /usr/local and /etc (default for root)
  --for USER       whose OpenClaw the system's service watches (default: openclaw)
  --home DIR       that user's home directory (default: the one the system knows, else /home/USER)
  --init NAME      systemd, openrc, runit, launchd, cron or none (default: what this machine has)
  --binary FILE    the program (default: target/dist/authwatch, or the one in your PATH)
  --prefix DIR     instead of ~/.local or /usr/local
  --destdir DIR    put everything below DIR, for building packages and trying out
  --dry-run        only say what would be done
  --uninstall      remove what was installed; configuration, state and edited files stay
USAGE
}

fail() {
	echo "install.sh: $1" >&2
	exit "${2:-64}"
}

say() {
	echo "$1"
}

scope='' for='' home_of='' init='' binary='' prefix='' destdir='' dry='' action=install
[ "$(id -u)" -ne 0 ] || scope=system
value() {
	[ -n "${2:-}" ] || fail "$1 needs a value; see --help"
}
while [ $# -gt 0 ]; do
	case "$1" in
	--user) scope=user ;;
	--system) scope=system ;;
	--for) value "$@" && for=$2 && shift ;;
	--home) value "$@" && home_of=$2 && shift ;;
	--init) value "$@" && init=$2 && shift ;;
	--binary) value "$@" && binary=$2 && shift ;;
	--prefix) value "$@" && prefix=$2 && shift ;;
	--destdir) value "$@" && destdir=${2%/} && shift ;;
	--dry-run) dry=yes ;;
	--uninstall) action=uninstall ;;
	-h | --help) usage && exit 0 ;;
	*) fail "unknown argument \`$1\`; see --help" ;;
	esac
	shift
done
scope=${scope:-user}
here=$(cd "$(dirname "$0")" && pwd)
# The service's user and everybody's shell read what the machine is given, however strict root's own umask is.
[ "$scope" = user ] || umask 022

case "$init" in
'')
	if [ "$(uname -s)" = Darwin ]; then
		init=launchd
	elif [ -d /run/systemd/system ]; then
		init=systemd
	elif command -v openrc-run >/dev/null 2>&1; then
		init=openrc
	elif command -v runsvdir >/dev/null 2>&1 && [ -d /etc/sv ]; then
		init=runit
	elif command -v systemctl >/dev/null 2>&1; then
		init=systemd
	else
		init=none
	fi
	;;
systemd | openrc | runit | launchd | cron | none) ;;
*) fail "unknown init system \`$init\`: systemd, openrc, runit, launchd, cron or none" ;;
esac

if [ "$scope" = user ]; then
	[ -z "$for" ] || fail "--for is for --system: a user's own service watches that user's OpenClaw"
	[ -n "${HOME:-}" ] || fail "HOME is not set, and --user installs below it: set it, or use --system"
	prefix=${prefix:-$HOME/.local}
	units=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
	case "$init" in
	openrc | runit | cron) [ "$action" = uninstall ] || fail "$init starts services for the machine only: use --system, or --init none" ;;
	esac
else
	prefix=${prefix:-/usr/local}
	units=/etc/systemd/system
	for=${for:-openclaw}
	[ "$init" != launchd ] || [ "$action" = uninstall ] || fail "on a Mac it runs as the user who is logged in: use --user"
	# Both go into service files, so nothing in them may mean anything there.
	case "$for" in *[!A-Za-z0-9._-]* | -*) fail "\`$for\` is no user's name" ;; esac
	if [ -z "$home_of" ]; then
		home_of=$( (getent passwd "$for" 2>/dev/null || true) | cut -d: -f6)
		home_of=${home_of:-/home/$for}
	fi
	case "$home_of" in
	/*[!A-Za-z0-9._/-]*) fail "\`$home_of\` has characters that service files do not take" ;;
	/*) ;;
	*) fail "\`$home_of\` is no absolute path" ;;
	esac
fi
case "$prefix" in
/*[!A-Za-z0-9._/@+-]*) fail "\`$prefix\` has characters that service files do not take: choose another --prefix" ;;
/*) ;;
*) fail "--prefix needs an absolute path" ;;
esac
program=$prefix/bin/authwatch
manifest=$prefix/share/authwatch/manifest

checksum() {
	if command -v sha256sum >/dev/null 2>&1; then
		sha256sum <"$1" | cut -d' ' -f1
	else
		shasum -a 256 <"$1" | cut -d' ' -f1
	fi
}

# recorded MANIFEST PATH: what a file was when it was written; nothing if it is not ours.
recorded() {
	[ -r "$1" ] || return 0
	while read -r known_sum known_path; do
		[ "$known_path" != "$2" ] || echo "$known_sum"
	done <"$1"
}

scratch=$(mktemp -d)
updated=''
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$scratch/manifest"

# put MODE SOURCE PATH: writes a file, unless somebody else has.
put() {
	mode=$1 source=$2 path=$3 target=$destdir$3
	new=$(checksum "$source") was=$(recorded "$destdir$manifest" "$3")
	if [ -e "$target" ]; then
		[ -f "$target" ] || fail "\`$target\` is in the way: it is no file" 73
		is=$(checksum "$target")
		if [ "$is" = "$new" ]; then
			# A file that was there before stays somebody else's, and is left when this is uninstalled.
			[ -z "$was" ] || echo "$new $path" >>"$scratch/manifest"
			return 0
		elif [ "$is" != "$was" ]; then
			[ -z "$was" ] || echo "$was $path" >>"$scratch/manifest"
			# The edit was made on top of what there is to install.
			[ "$new" != "$was" ] || {
				say "edited: $target stays as it is"
				return 0
			}
			say "edited: $target stays as it is; the new one is beside it: $path.new"
			path=$path.new target=$target.new
			[ ! -f "$target" ] || [ "$(checksum "$target")" != "$new" ] || {
				echo "$new $path" >>"$scratch/manifest"
				return 0
			}
		else
			say "update $target"
			updated=yes
		fi
	else
		say "write $target"
	fi
	echo "$new $path" >>"$scratch/manifest"
	[ -z "$dry" ] || return 0
	mkdir -p "$(dirname "$target")"
	# Renamed into place: a program that runs cannot be written over, and nobody sees half a file.
	cp "$source" "$target.part$$"
	chmod "$mode" "$target.part$$"
	mv "$target.part$$" "$target"
}

# template MODE SOURCE PATH: the same, for files that name the program or the user.
template() {
	sed -e "s|/usr/bin/authwatch|$program|g" \
		-e "s|/home/openclaw|${home_of:-/home/openclaw}|g" \
		-e "s|^User=openclaw|User=${for:-openclaw}|" \
		-e "s|authwatch_user=\"openclaw\"|authwatch_user=\"${for:-openclaw}\"|" \
		-e "s|^authwatch_user=openclaw|authwatch_user=${for:-openclaw}|" \
		-e "s|^#authwatch_home=.*|authwatch_home=\"${home_of:-/home/openclaw}\"|" \
		-e "s|^\(\*/5 [* ]*\)openclaw |\1${for:-openclaw} |" \
		-e "s|<string>/dev/null</string>|<string>${HOME:-}/Library/Logs/authwatch.log</string>|" \
		"$2" >"$scratch/filled"
	put "$1" "$scratch/filled" "$3"
}

install_program() {
	if [ -z "$binary" ]; then
		binary=$here/../target/dist/authwatch
		[ -x "$binary" ] || binary=$(command -v authwatch || true)
		[ -n "$binary" ] || fail "there is no program to install: run \`cargo build --profile dist\` first, or give --binary" 66
	fi
	[ -x "$binary" ] || fail "\`$binary\` is no program" 66
	"$binary" --version >/dev/null 2>&1 || fail "\`$binary\` does not run on this machine" 66
	put 755 "$binary" "$program"
	for page in "$here"/../man/*.1; do
		put 644 "$page" "$prefix/share/man/man1/${page##*/}"
	done
	for completion in bash:bash-completion/completions/authwatch zsh:zsh/site-functions/_authwatch \
		fish:fish/vendor_completions.d/authwatch.fish; do
		"$binary" completions "${completion%%:*}" >"$scratch/completion"
		put 644 "$scratch/completion" "$prefix/share/${completion#*:}"
	done
}

install_services() {
	case "$init" in
	systemd)
		for unit in "$here/systemd/$scope"/*; do
			template 644 "$unit" "$units/${unit##*/}"
		done
		[ "$scope" = system ] || return 0
		for service in authwatch authwatch-check; do
			template 644 "$here/systemd/drop-ins/openclaw-user.conf" "$units/$service.service.d/openclaw-user.conf"
		done
		;;
	openrc)
		template 755 "$here/openrc/authwatch.initd" /etc/init.d/authwatch
		template 644 "$here/openrc/authwatch.confd" /etc/conf.d/authwatch
		;;
	runit)
		for part in run finish log/run; do
			template 755 "$here/runit/authwatch/$part" "/etc/sv/authwatch/$part"
		done
		template 644 "$here/runit/authwatch/conf" /etc/sv/authwatch/conf
		;;
	launchd) template 644 "$here/launchd/authwatch.plist" "$HOME/Library/LaunchAgents/authwatch.plist" ;;
	cron) template 644 "$here/cron/authwatch" /etc/cron.d/authwatch ;;
	none) ;;
	esac
}

# What runs goes on with the old program, and `enable --now` or `start` leave what runs alone.
newer() {
	case "$init:$scope" in
	systemd:user) how="systemctl --user daemon-reload && systemctl --user try-restart authwatch.service" ;;
	systemd:system) how="systemctl daemon-reload && systemctl try-restart authwatch.service" ;;
	openrc:*) how="rc-service --ifstarted authwatch restart" ;;
	runit:*) how="sv try-restart authwatch" ;;
	launchd:*) how="launchctl kickstart -k gui/$(id -u)/authwatch" ;;
	*) return 0 ;;
	esac
	say "If it runs already, what is new takes over with: $how"
}

next() {
	say ''
	[ -z "$updated" ] || newer
	case "$init:$scope" in
	systemd:user)
		say "Next: systemctl --user daemon-reload && systemctl --user enable --now authwatch.service"
		say "To look every five minutes instead: systemctl --user enable --now authwatch-check.timer"
		say "To go on while you are logged out: loginctl enable-linger"
		;;
	systemd:system)
		say "Next: systemctl daemon-reload && systemctl enable --now authwatch.service"
		say "To look every five minutes instead: systemctl enable --now authwatch-check.timer"
		;;
	openrc:*) say "Next: rc-update add authwatch default && rc-service authwatch start" ;;
	runit:*) say "Next: ln -s /etc/sv/authwatch /var/service/ (Debian: /etc/service/)" ;;
	launchd:*) say "Next: launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/authwatch.plist" ;;
	cron:*) say "cron looks every five minutes from now on." ;;
	none:*) say "Next: authwatch status" ;;
	esac
	[ "$scope" = user ] || id "$for" >/dev/null 2>&1 || say "There is no user \`$for\` here: say with --for whose OpenClaw is watched."
	case ":$PATH:" in *":$prefix/bin:"*) ;; *) say "$prefix/bin is not in your PATH." ;; esac
}

# Removes the directories that are empty now, up to the one everything was put below.
prune() {
	dir=$(dirname "$1")
	while [ "$dir" != / ] && [ "$dir" != . ]; do
		case "$dir" in */authwatch | */authwatch/* | *.service.d | "$prefix"/share/*) ;; *) [ -n "$destdir" ] || return 0 ;; esac
		rmdir "$destdir$dir" 2>/dev/null || return 0
		dir=$(dirname "$dir")
	done
}

# try COMMAND...: says and runs a command of the init system's, if this is the machine it is about.
try() {
	say "run $*"
	[ -z "$dry$destdir" ] || return 0
	"$@" || say "That failed: see whether it still runs."
}

systemd() {
	if [ "$scope" = user ]; then
		try systemctl --user "$@"
	else
		try systemctl "$@"
	fi
}

# What is to be removed must not run on, nor be started again from a link that leads nowhere.
stop_services() {
	reload=''
	if [ -n "$(recorded "$destdir$manifest" "$units/authwatch.service")" ]; then
		reload=yes
		systemd disable --now authwatch.service authwatch.socket authwatch-check.timer
	fi
	if [ -n "$(recorded "$destdir$manifest" /etc/init.d/authwatch)" ]; then
		try rc-service --ifstarted authwatch stop
		try rc-update --all delete authwatch
	fi
	for link in /etc/service/authwatch /var/service/authwatch; do
		[ "$(readlink "$destdir$link")" != /etc/sv/authwatch ] || try rm "$destdir$link"
	done
	if [ -n "$(recorded "$destdir$manifest" "${HOME:-}/Library/LaunchAgents/authwatch.plist")" ]; then
		try launchctl bootout "gui/$(id -u)/authwatch"
	fi
}

uninstall() {
	[ -r "$destdir$manifest" ] || fail "nothing is installed: there is no \`$destdir$manifest\`" 66
	stop_services
	: >"$scratch/kept"
	while read -r sum path; do
		target=$destdir$path
		if [ ! -f "$target" ]; then
			continue
		elif [ "$(checksum "$target")" != "$sum" ]; then
			say "edited: $target stays"
			continue
		fi
		say "remove $target"
		[ -n "$dry" ] || { rm -f "$target" && prune "$path"; }
	done <"$destdir$manifest"
	[ -n "$dry" ] || { rm -f "$destdir$manifest" && prune "$manifest"; }
	[ -z "$reload" ] || systemd daemon-reload
	say "Configuration and state stay where they are."
}

if [ "$action" = uninstall ]; then
	uninstall
	exit 0
fi

install_program
install_services
# What an earlier version or another choice of --init has written stays known.
if [ -r "$destdir$manifest" ]; then
	while read -r sum path; do
		[ -n "$(recorded "$scratch/manifest" "$path")" ] || echo "$sum $path" >>"$scratch/manifest"
	done <"$destdir$manifest"
fi
if [ -z "$dry" ]; then
	mkdir -p "$(dirname "$destdir$manifest")"
	sort -k2 "$scratch/manifest" >"$destdir$manifest.part$$"
	mv "$destdir$manifest.part$$" "$destdir$manifest"
fi
next
