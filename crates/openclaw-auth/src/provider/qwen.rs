//! Qwen, from Alibaba. Its portal's logins do not renew.

use super::facts::Provider;

pub(super) const PROVIDERS: &[Provider] = &[
    Provider::new("alibaba", &["MODELSTUDIO_API_KEY", "DASHSCOPE_API_KEY", "QWEN_API_KEY"]),
    Provider::new("qwen", &["QWEN_API_KEY", "MODELSTUDIO_API_KEY", "DASHSCOPE_API_KEY"]),
    Provider { is_portal: true, ..Provider::new("qwen-portal", &[]) },
];
