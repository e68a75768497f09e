//! The recipient's page.

fn main() {
    waxseal_client::recipient::start();
}
