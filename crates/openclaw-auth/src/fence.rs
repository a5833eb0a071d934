//! The markers by which OpenClaw 2026.9 replaces a credential while it refreshes it.

/// A refresh that OpenClaw has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// Under way.
    Pending,
    /// Failed for good: sign in again.
    Failed,
}

const PREFIX: &str = "openclaw-oauth-refresh-fence:v1:";

/// Recognises a marker in an access or refresh token: `openclaw-oauth-refresh-fence:v1:<32 hex>:[failed:](access|refresh):<64 hex>`.
#[must_use]
pub fn parse(token: &str) -> Option<Fence> {
    let (generation, rest) = token.strip_prefix(PREFIX)?.split_once(':')?;
    let (fence, rest) = match rest.strip_prefix("failed:") {
        Some(rest) => (Fence::Failed, rest),
        None => (Fence::Pending, rest),
    };
    let digest = rest.strip_prefix("access:").or_else(|| rest.strip_prefix("refresh:"))?;
    (is_hex(generation, 32) && is_hex(digest, 64)).then_some(fence)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_recognised_and_nothing_else_is() {
        let (generation, digest) = ("0123456789abcdef".repeat(2), "0123456789abcdef".repeat(4));
        assert_eq!(parse(&format!("{PREFIX}{generation}:access:{digest}")), Some(Fence::Pending));
        assert_eq!(parse(&format!("{PREFIX}{generation}:refresh:{digest}")), Some(Fence::Pending));
        assert_eq!(parse(&format!("{PREFIX}{generation}:failed:refresh:{digest}")), Some(Fence::Failed));
        assert_eq!(parse(&format!("{PREFIX}{generation}:access:{}", &digest[1..])), None);
        assert_eq!(parse("sk-ant-oat01-x"), None);
    }
}
