//! QR codes: the text of one that a product shows as a picture only.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use png::{ColorType, Decoder, Limits, Transformations};

/// Reads the QR code of a PNG that stands in a text: as a data URI or in base64.
pub(super) fn of_text(text: &str) -> Option<String> {
    let text = text.trim();
    let encoded = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(";base64,")?.1,
        None => text,
    };
    // Some pages percent-encode what stands in an attribute.
    let encoded = encoded
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=");
    of_png(&base64_of(&encoded)?)
}

/// Decodes base64 in any of its alphabets.
pub(super) fn base64_of(text: &str) -> Option<Vec<u8>> {
    let dense: String = text.split_whitespace().collect();
    [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|engine| engine.decode(&dense).ok())
        .filter(|bytes| !bytes.is_empty())
}

/// Reads the QR code of a body: a PNG, or a text that holds one.
pub(super) fn of_image_or_text(body: &[u8]) -> Option<String> {
    if body.starts_with(b"\x89PNG") {
        return of_png(body);
    }
    of_text(std::str::from_utf8(body).ok()?)
}

/// Reads the first QR code of a PNG that can be read.
fn of_png(bytes: &[u8]) -> Option<String> {
    let picture = Picture::decode(bytes)?;
    // The reader is not ours, and what it reads comes from strangers: a panic in it finds no code.
    let read = catch_unwind(AssertUnwindSafe(|| picture.read()));
    read.ok().flatten()
}

/// A picture as shades of grey.
struct Picture {
    width: usize,
    height: usize,
    shades: Vec<u8>,
}

/// No QR code is larger: 177 modules of 20 pixels, and room around.
const LARGEST_SIDE: u32 = 4096;
/// White that is put around a picture, in its own pixels: readers want some, and some products leave none.
const MARGIN: usize = 8;

impl Picture {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let limits = Limits {
            bytes: 64 * 1024 * 1024,
        };
        let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
        decoder.set_transformations(Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().ok()?;
        if reader.info().width > LARGEST_SIDE || reader.info().height > LARGEST_SIDE {
            return None;
        }
        let mut pixels = vec![0; reader.output_buffer_size()?];
        let frame = reader.next_frame(&mut pixels).ok()?;
        let samples = frame.color_type.samples();
        let has_alpha = matches!(
            frame.color_type,
            ColorType::GrayscaleAlpha | ColorType::Rgba
        );
        let shade = |pixel: &[u8]| {
            let (colours, alpha) = pixel.split_at(samples - usize::from(has_alpha));
            let sum: u32 = colours.iter().copied().map(u32::from).sum();
            let grey = sum / u32::try_from(colours.len()).unwrap_or(1);
            let alpha = alpha.first().copied().map_or(255, u32::from);
            // What is transparent is white, as on a page.
            u8::try_from((grey * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        Some(Self {
            width: usize::try_from(frame.width).ok()?,
            height: usize::try_from(frame.height).ok()?,
            shades: pixels.chunks_exact(samples).map(shade).collect(),
        })
    }

    fn read(&self) -> Option<String> {
        // Small pictures are enlarged: a module of one pixel is too little to be found.
        let scale = if self.width < 400 { 4 } else { 1 };
        let side = |length: usize| (length + 2 * MARGIN) * scale;
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(
            side(self.width),
            side(self.height),
            |x, y| self.shade(x / scale, y / scale),
        );
        let codes = prepared.detect_grids();
        codes.iter().find_map(|code| Some(code.decode().ok()?.1))
    }

    fn shade(&self, x: usize, y: usize) -> u8 {
        let inner = x.checked_sub(MARGIN).zip(y.checked_sub(MARGIN));
        inner
            .filter(|(x, _)| *x < self.width)
            .and_then(|(x, y)| self.shades.get(y * self.width + x))
            .copied()
            .unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_holds_no_code() {
        for text in [
            "",
            "data:image/png;base64,",
            "data:image/png;base64,iVBORw0KGgo=",
            "data:,x",
            "AAAA",
        ] {
            assert_eq!(of_text(text), None, "{text}");
        }
        assert_eq!(of_image_or_text(b"\x89PNG and then nothing"), None);
    }
}
