//! Where requests begin in what a client sends over one connection (RFC 9112, without chunks: browsers
//! send the bodies we have with their length).

/// What was sent and does not make a whole head yet.
#[derive(Default)]
pub(super) struct Requests {
    pending: Vec<u8>,
    body_left: usize,
}

impl Requests {
    /// The first lines of the requests whose heads end in `bytes`.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        const END: &[u8] = b"\r\n\r\n";
        self.pending.extend_from_slice(bytes);
        let mut lines = Vec::new();
        loop {
            let body = self.body_left.min(self.pending.len());
            self.pending.drain(..body);
            self.body_left -= body;
            let Some(end) = self.pending.windows(END.len()).position(|four| four == END) else {
                return lines;
            };
            let head: Vec<u8> = self.pending.drain(..end + END.len()).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            self.body_left = length(&head);
            lines.push(head.lines().next().unwrap_or_default().to_owned());
        }
    }
}

fn length(head: &str) -> usize {
    let headers = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = headers.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    lengths.next().and_then(|(_, length)| length.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_apart_however_they_are_cut() {
        let sent =
            b"POST /a HTTP/1.1\r\nContent-Length: 6\r\n\r\n\r\n\r\nxyGET /b HTTP/1.1\r\n\r\n";
        for cut in 0..sent.len() {
            let mut requests = Requests::default();
            let mut lines = requests.push(&sent[..cut]);
            lines.extend(requests.push(&sent[cut..]));
            assert_eq!(lines, ["POST /a HTTP/1.1", "GET /b HTTP/1.1"], "cut at {cut}");
        }
    }
}
