//! The text of a QR code that joins a Wi-Fi.
//!
//! Source: the ZXing project's "Barcode Contents", Wi-Fi network config, which phones' cameras read.

/// The code's text for a network's name and its password, which is empty for an open network.
pub fn code(network: &str, password: &str) -> String {
    let kind = if password.is_empty() { "nopass" } else { "WPA" };
    format!("WIFI:T:{kind};S:{};P:{};;", escaped(network), escaped(password))
}

/// Escapes what separates the parts of a code.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | ';' | ',' | '"' | ':') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn nothing_in_a_name_or_a_password_ends_its_part() {
        assert_eq!(code("Atrium", "correct horse"), "WIFI:T:WPA;S:Atrium;P:correct horse;;");
        assert_eq!(code("a;P:x", r#"\:,""#), r#"WIFI:T:WPA;S:a\;P\:x;P:\\\:\,\";;"#);
        assert_eq!(code("Guests", ""), "WIFI:T:nopass;S:Guests;P:;;");
    }
}
