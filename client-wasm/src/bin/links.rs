//! The page of an owner's links.

fn main() {
    waxseal_client::links::start();
}
