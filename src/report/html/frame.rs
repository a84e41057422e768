//! What is around every page: the head, the style, the script, and the policy that
//! allows nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use openssl::sha::sha256;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A page with this title and this body, and our script. Nothing in it is fetched, and
/// of scripts and styles only ours are obeyed, whatever got into the body (CSP Level 3
/// §6.1, §6.7).
pub(in crate::report) fn page(title: &str, body: &Markup) -> Markup {
    framed(title, STYLE, &format!("'{}'", hash(SCRIPT)), &html! { (body) script { (PreEscaped(SCRIPT)) } })
}

/// The same without a script, and with styles of its own after the common ones.
pub(in crate::report) fn still_page(title: &str, style: &str, body: &Markup) -> Markup {
    framed(title, &format!("{STYLE}{style}"), "'none'", body)
}

fn framed(title: &str, style: &str, scripts: &str, body: &Markup) -> Markup {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src {scripts}; base-uri 'none'; form-action 'none'",
        hash(style),
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content=(super::super::words::TOOL);
                title { (title) }
                style { (PreEscaped(style)) }
            }
            body { (body) }
        }
    }
}

/// The source expression that allows an inline element with this text.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(sha256(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_this_style_and_this_script_and_nothing_else() {
        let page = page("x", &html! { p { "hi" } }).into_string();
        // The samples of CSP Level 3 §8.3 are hashed the same way.
        assert_eq!(hash("doSubmit()"), "sha256-jzgBGA4UWFFmpOBq0JpdsySukE1FrEN5bUpoK8Z29fY=");
        for text in [STYLE, SCRIPT] {
            assert!(page.contains(&hash(text)), "{page}");
            assert!(!text.contains("</"), "it would end its element");
        }
        assert!(!page.contains("unsafe-"), "{page}");
        for fetched in ["http:", "https:", "url(", "@import", "src=\""] {
            assert!(!page.contains(fetched), "{fetched}");
        }
    }
}
