//! The page that a request's link leads to.

fn main() {
    waxseal_client::compose::answer::start();
}
