//! End to end: real browsers, the real server, a real store.
//!
//! Invariant: a case knows nothing of its engine but how to look into it, and waits for what it
//! expects, never for a time.

/// Makes of each case, an `async fn(Engine) -> Result<()>`, one test an engine.
macro_rules! on_every_engine {
    ($($file:ident: $($case:ident),+ $(,)?;)+) => {
        on_every_engine!(@ sqlite Sqlite $($($file $case)+)+);
        on_every_engine!(@ redis Redis $($($file $case)+)+);
    };
    (@ $engine:ident $variant:ident $($file:ident $case:ident)+) => {
        mod $engine {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() -> anyhow::Result<()> {
                    crate::$file::$case(waxseal_tests::server::Engine::$variant).await
                }
            )+
        }
    };
}

mod accessibility;
mod asking;
mod attachments_chosen;
mod attachments_on_disk;
mod attachments_opened;
mod attachments_sent;
mod attachments_shown;
mod audit;
mod command_line;
mod confirming;
mod core_package;
mod embedding;
mod embedding_firefox;
mod embedding_hostile;
mod embedding_identity;
mod foreign_pages;
mod items;
mod keyboard;
mod links;
mod mail;
mod my_links;
mod my_links_backup;
mod my_links_kept;
mod once;
mod opening;
mod outages;
mod owners;
mod package;
mod passphrases;
mod policy;
mod seed_flow;
mod seed_flow_firefox;
mod zero_knowledge;

on_every_engine! {
    attachments_opened:
        a_crash_of_the_server_delays_only,
        a_reload_in_the_middle_keeps_the_claim,
        the_place_is_kept_till_the_sender_revokes;
    attachments_sent:
        attachments_of_every_size_arrive_with_name_and_type,
        a_cancelled_upload_leaves_nothing_on_the_server,
        an_upload_goes_on_after_a_crash_of_the_server;
    opening:
        a_lost_answer_is_asked_for_again_in_the_same_tab,
        a_page_load_without_a_persons_click_consumes_nothing,
        of_tabs_and_browsers_racing_one_opens,
        three_views_open_three_times;
    passphrases:
        the_tenth_wrong_passphrase_destroys_the_item;
    owners:
        every_expiry_reaches_the_store,
        an_expired_link_says_when_it_expired,
        an_item_that_expires_between_landing_and_click_is_not_shown,
        a_lapsed_place_cannot_be_resumed;
    my_links:
        every_fate_is_told;
    confirming:
        a_number_typed_on_another_device_gets_the_link,
        three_wrong_numbers_end_it_and_what_was_written_stays,
        a_scanner_that_presses_everything_confirms_nothing,
        a_session_shares_further_links_without_a_mail;
    seed_flow:
        an_owner_shares_a_secret_from_its_page;
    asking:
        what_was_asked_for_arrives_and_opens_once,
        a_request_takes_one_answer,
        nothing_of_a_request_is_in_traffic_logs_or_files;
    mail:
        a_mail_and_its_number_publish_a_share,
        a_mail_has_two_parts_and_no_secret;
    audit:
        every_confirmation_is_told_once_and_no_address,
        addresses_are_told_where_settings_say_so;
    outages:
        a_killed_server_forgets_nothing,
        a_crash_of_the_server_among_claims_loses_none;
    command_line:
        what_a_terminal_sends_a_browser_opens,
        what_a_browser_sends_a_terminal_opens;
    zero_knowledge:
        no_secret_is_in_traffic_logs_or_files,
        no_attachment_is_in_traffic_logs_or_files;
    once:
        of_1000_shares_with_16_racers_each_every_one_opens_once;
}

/// What a browser does, whatever the store: `cargo xtask test` leaves Redis out.
mod either {
    on_every_engine! {
        attachments_opened:
            several_attachments_are_saved_as_they_were,
            only_the_parts_that_hold_the_wanted_are_fetched,
            a_connection_cut_at_every_part_delays_only,
            saving_can_be_cancelled_and_begun_again;
        attachments_sent:
            small_attachments_go_in_one_request,
            an_upload_survives_a_cut_at_every_request;
        foreign_pages:
            a_foreign_page_creates_and_opens_nothing;
        items:
            every_kind_of_field_arrives_as_it_was_written,
            a_wifi_can_be_joined_and_a_code_be_read;
        opening:
            the_second_opening_says_when_the_first_was,
            reloading_before_the_opening_keeps_everything,
            any_number_of_views_opens_again_and_again;
        passphrases:
            wrong_passphrases_use_nothing_up_till_the_right_one;
        links:
            a_damaged_link_makes_no_request,
            what_chats_and_gateways_do_to_a_link_is_survived,
            a_link_to_nothing_says_so;
        owners:
            a_link_is_revoked_where_it_is_shown_and_in_the_list;
        my_links:
            all_are_revoked_and_removed_at_once,
            an_opening_before_the_link_was_sent_stands_out,
            a_link_that_ends_under_ones_eyes_says_so,
            a_server_that_is_away_hides_no_title;
        my_links_kept:
            a_link_is_kept_only_if_its_owner_wants_it,
            tabs_do_not_undo_each_others_changes,
            what_other_versions_keep_is_taken_over_and_stays;
        my_links_backup:
            a_backup_brings_the_list_to_another_browser;
        confirming:
            whoever_says_this_was_not_me_ends_it,
            only_the_newest_mail_counts,
            waiting_goes_on_after_an_outage,
            cancelling_takes_the_share_back;
        seed_flow:
            an_owner_confirms_by_mail_in_the_frame;
        asking:
            withdrawn_expired_and_forgotten_requests_say_so,
            a_request_that_was_tampered_with_takes_nothing,
            lost_answers_are_asked_for_again,
            where_owners_confirm_by_mail_whoever_asks_confirms,
            a_backup_opens_the_answer_in_another_browser;
        outages:
            a_server_that_is_away_before_the_landing_uses_nothing_up,
            what_was_written_survives_a_server_that_is_away;
    }
}
