//! The page that a mail's link leads to.

fn main() {
    waxseal_client::confirm::start();
}
