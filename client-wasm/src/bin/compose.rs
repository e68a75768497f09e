//! The sender's page.

fn main() {
    waxseal_client::compose::start();
}
