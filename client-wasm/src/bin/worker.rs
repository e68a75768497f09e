//! The crypto worker of both pages.

fn main() {
    waxseal_client::worker::serve();
}
