//! An application's colour, made fit to be read.
//!
//! Invariant: text in the colour on every ground of the dialog, and text on the colour, have the contrast of
//! WCAG 2.2, success criterion 1.4.3: 4.5 to 1.

/// What text needs.
const CONTRAST: f64 = 4.5;

const BLACK: Rgb = Rgb([0; 3]);
const WHITE: Rgb = Rgb([255; 3]);

/// `--tint` of the style sheet: of all light grounds the darkest, of all dark ones the lightest.
const LIGHT_GROUND: Rgb = Rgb([0xf6, 0xef, 0xe6]);
const DARK_GROUND: Rgb = Rgb([0x24, 0x1f, 0x1a]);

/// A colour of sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rgb([u8; 3]);

impl Rgb {
    /// Reads `#rrggbb`, as browsers write an opaque colour.
    pub(super) fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| {
            digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        })?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        let [_, r, g, b] = number.to_be_bytes();
        Some(Self([r, g, b]))
    }

    /// As [`Self::read`] reads it.
    pub(super) fn write(self) -> String {
        let Self([r, g, b]) = self;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// This colour or the nearest darker one (on dark grounds lighter one) that can be read, and what can be
    /// read on it.
    pub(super) fn legible(self, dark: bool) -> (Self, Self) {
        let (ground, ink) = if dark { (DARK_GROUND, WHITE) } else { (LIGHT_GROUND, BLACK) };
        let mut mixed = (0..=STEPS).map(|step| self.towards(ink, step));
        let accent = mixed.find(|mixed| mixed.contrast(ground) >= CONTRAST).unwrap_or(ink);
        let on = if accent.contrast(WHITE) >= accent.contrast(BLACK) { WHITE } else { BLACK };
        (accent, on)
    }

    fn towards(self, Self(to): Self, step: u32) -> Self {
        let mut mixed = self.0;
        for (from, to) in mixed.iter_mut().zip(to) {
            let sum = u32::from(*from) * (STEPS - step) + u32::from(to) * step;
            *from = u8::try_from(sum / STEPS).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }

    /// The ratio that WCAG defines.
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [r, g, b] = self.0.map(linear);
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }
}

/// Shades between a colour and black or white.
const STEPS: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_as_wcag_says() {
        assert!((BLACK.contrast(WHITE) - 21.0).abs() < 0.01);
        // A well-known grey: the lightest that can be read on white.
        let grey = Rgb::read("#767676").expect("a colour");
        assert!((grey.contrast(WHITE) - 4.54).abs() < 0.01);
    }

    #[test]
    fn every_colour_becomes_legible_and_legible_ones_stay() {
        let steps = || (0..=255).step_by(15);
        for (r, g, b) in
            steps().flat_map(|r| steps().flat_map(move |g| steps().map(move |b| (r, g, b))))
        {
            let colour = Rgb([r, g, b]);
            for (dark, ground) in [(false, LIGHT_GROUND), (true, DARK_GROUND)] {
                let (accent, on) = colour.legible(dark);
                assert!(accent.contrast(ground) >= CONTRAST, "{colour:?} {dark}: {accent:?}");
                assert!(accent.contrast(on) >= CONTRAST, "{colour:?} {dark}: {on:?} on {accent:?}");
                if colour.contrast(ground) >= CONTRAST {
                    assert_eq!(accent, colour);
                }
            }
        }
    }

    #[test]
    fn the_grounds_are_those_of_the_style_sheet() {
        let css = include_str!("../../../web/assets/style.css");
        let grounds = ["--paper", "--sheet", "--tint"].map(|name| {
            let name = format!("{name}: ");
            let values = css.split(&name).skip(1).filter_map(|rest| rest.get(..7));
            values.filter_map(Rgb::read).collect::<Vec<_>>()
        });
        assert!(grounds.iter().all(|values| values.len() == 3), "light, dark, dark: {grounds:?}");
        for ground in grounds.map(|values| values[0]) {
            assert!(ground.luminance() >= LIGHT_GROUND.luminance(), "{ground:?}");
        }
        for ground in css.split("--tint: ").skip(2).filter_map(|rest| Rgb::read(rest.get(..7)?)) {
            assert_eq!(ground, DARK_GROUND);
        }
    }

    #[test]
    fn only_what_browsers_write_is_read() {
        assert_eq!(Rgb::read("#0a10ff").map(Rgb::write).as_deref(), Some("#0a10ff"));
        for text in
            ["", "#", "#fff", "red", "#0a10f", "#0a10fff", "#+a10ff", "#0a10fé", "rgb(0,0,0)"]
        {
            assert_eq!(Rgb::read(text), None, "{text}");
        }
    }
}
