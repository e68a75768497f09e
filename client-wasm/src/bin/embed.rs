//! The share dialog in the page of another application.

fn main() {
    waxseal_client::embed::start();
}
