//! The page that asks for a secret.

fn main() {
    waxseal_client::compose::ask::start();
}
