//! Style sheets without what only their authors need.

/// `css` without comments, and with white space only where it separates. Strings stay as they are.
pub(super) fn squeeze(css: &str) -> String {
    let mut squeezed = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(first) = rest.chars().next() {
        let end = if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/").map_or(rest.len(), |end| end + 4)
        } else if first == '"' {
            let end = rest[1..].find('"').map_or(rest.len(), |end| end + 2);
            squeezed.push_str(&rest[..end]);
            end
        } else if first.is_whitespace() {
            let after = rest.trim_start();
            let glued = after.starts_with(['{', '}', ';', ',']) || after.starts_with("/*");
            if !glued && !squeezed.ends_with(['{', '}', ';', ',', ':', ' ']) {
                squeezed.push(' ');
            }
            rest.len() - after.len()
        } else {
            if first == '}' && squeezed.ends_with(';') {
                squeezed.pop();
            }
            squeezed.push(first);
            first.len_utf8()
        };
        rest = &rest[end..];
    }
    squeezed.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::squeeze;

    #[test]
    fn only_what_separates_stays() {
        let css = "/* a */\n.a , .b:not(.c) > * + * {\n  margin: 0 calc(1rem - 2px);\n  color: red;\n}\n\n@media (a) {\n  d::before { content: \"a ; /* b\"; }\n}\n";
        let squeezed = ".a,.b:not(.c) > * + *{margin:0 calc(1rem - 2px);color:red}@media (a){d::before{content:\"a ; /* b\"}}";
        assert_eq!(squeeze(css), squeezed);
        assert_eq!(squeeze(squeezed), squeezed);
    }
}
