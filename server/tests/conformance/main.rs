//! What every engine of the store must do, as `trait Store` says it.
//!
//! Invariant: a case knows nothing of its engine; what only one engine has is in `only_redis` and
//! `only_sqlite`. No case sleeps: the clock is moved by hand.

#![allow(clippy::print_stdout, reason = "a test says which of its cases failed")]

#[path = "../support/redis_server.rs"]
mod redis_server;

mod redis_cluster;

#[macro_use]
mod bench;
mod confirming;
mod done;
mod grants;
mod leases;
mod life;
mod only_redis;
mod only_sqlite;
mod opening;
mod owner;
mod passphrases;
mod pending;
mod quotas;
mod rates;
mod requests;
mod sample;
mod staging;

/// Makes of each case, an `async fn(Engine)`, one test an engine, and of all together one on a Cluster.
macro_rules! on_every_engine {
    ($($file:ident: $($case:ident),+ $(,)?;)+) => {
        on_every_engine!(@ sqlite Sqlite $($($file $case)+)+);
        on_every_engine!(@ redis Redis $($($file $case)+)+);

        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn a_redis_cluster_does_what_every_engine_must() {
            let _cluster = bench::start_cluster();
            $($(
                println!("{}", stringify!($case));
                $file::$case(bench::Engine::Cluster).await;
            )+)+
        }
    };
    (@ $engine:ident $variant:ident $($file:ident $case:ident)+) => {
        mod $engine {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    crate::$file::$case(crate::bench::Engine::$variant).await;
                }
            )+
        }
    };
}

on_every_engine! {
    opening:
        of_64_racing_claimers_exactly_one_opens,
        of_64_racers_for_five_views_exactly_five_open,
        of_many_one_time_shares_every_one_opens_exactly_once,
        a_lost_reply_is_given_again_and_spends_nothing,
        the_head_is_the_seal_and_part_0,
        an_unlimited_share_opens_again_and_again,
        a_landing_spends_nothing,
        unknown_ids_and_wrong_tokens_are_alike,
        a_revocation_and_a_claim_racing_agree;
    grants:
        of_64_shares_racing_for_a_grant_one_has_it;
    leases:
        a_lapsed_lease_is_over_and_takes_the_content,
        whatever_is_asked_in_a_lapsed_lease_takes_the_content,
        requests_renew_a_lease_for_a_day_at_most,
        no_lease_outlasts_the_expiry,
        the_last_acknowledgement_deletes_the_content,
        of_two_live_claims_one_acknowledged_keeps_the_content,
        a_view_left_keeps_the_content,
        without_leases_the_first_answer_takes_everything,
        without_leases_only_shares_of_one_part_are_taken,
        a_lapsed_claim_of_an_unlimited_share_is_a_new_view,
        only_the_newest_past_claims_are_remembered,
        of_too_many_live_claims_the_oldest_make_room,
        what_is_over_stays_over_when_the_clock_is_set_back;
    passphrases:
        of_64_parallel_wrong_passphrases_exactly_ten_are_counted,
        the_right_one_after_nine_wrong_ones_opens,
        asking_without_a_proof_counts_nothing,
        a_proof_where_none_is_set_spends_nothing,
        a_live_claim_asks_again_without_the_proof,
        a_burned_share_keeps_the_leases_of_earlier_claims;
    staging:
        parts_come_in_any_order_at_once_and_again,
        wrong_parts_are_refused,
        nothing_is_published_with_parts_missing,
        publishing_again_answers_the_same,
        a_published_share_takes_no_parts,
        a_staged_share_lasts_an_hour_from_the_last_request,
        what_is_left_of_an_upload_goes_with_the_share,
        staged_parts_last_a_day,
        a_staged_share_cannot_be_opened,
        a_staged_share_can_be_revoked,
        part_numbers_and_lengths_follow_the_size;
    life:
        the_same_creation_again_writes_nothing,
        any_other_creation_under_a_known_id_conflicts,
        a_creation_again_finds_how_the_share_ended,
        a_head_that_does_not_fit_is_refused,
        an_expired_share_is_over_and_its_content_gone,
        the_record_outlasts_the_expiry_by_a_week,
        without_retention_nothing_outlasts_the_expiry,
        reopening_keeps_everything;
    owner:
        the_status_tells_the_whole_life,
        statuses_come_in_the_order_asked,
        a_revoked_share_is_over_and_its_content_gone,
        a_revocation_ends_every_lease,
        the_operator_takes_any_share_down,
        an_opened_share_stays_opened_when_revoked,
        an_expired_or_burned_share_stays_so_when_revoked;
    quotas:
        what_exceeds_the_total_is_refused,
        of_many_at_once_as_many_fit_as_there_is_room_for,
        room_comes_back_however_content_goes,
        unfinished_uploads_have_a_limit_of_their_own,
        an_upload_that_goes_on_keeps_its_room,
        announcing_a_size_takes_no_room,
        what_can_never_fit_is_refused_before_it_is_uploaded,
        what_stores_nothing_takes_no_room,
        what_is_full_is_full_after_reopening,
        what_is_stored_can_be_asked_for;
    confirming:
        a_confirmation_starts_the_expiry,
        only_the_token_that_was_set_last_confirms,
        a_token_confirms_once_and_again_tells_the_same,
        the_third_wrong_number_ends_a_share_whatever_is_mailed_between,
        whoever_denies_takes_the_share_back,
        nothing_but_a_pending_share_is_confirmed,
        of_64_racing_confirmations_and_denials_one_decides,
        of_64_racing_wrong_numbers_exactly_three_are_counted,
        a_confirmation_begins_one_session_if_one_was_asked_for,
        mails_are_counted_by_network_and_by_address;
    pending:
        a_pending_share_is_unknown_to_whoever_has_its_link,
        a_share_that_is_not_confirmed_dies,
        creating_and_publishing_again_changes_nothing_of_a_pending_share,
        a_pending_share_can_be_revoked,
        reopening_keeps_what_waits,
        without_retention_nothing_outlasts_the_time_to_confirm,
        a_clock_set_back_revives_nothing_that_is_gone;
    done:
        of_64_same_calls_at_once_one_did_it,
        whoever_finds_a_share_over_did_nothing,
        a_lapsed_claim_has_nothing_to_acknowledge,
        what_was_acknowledged_stays_so_by_whatever_clock;
    requests:
        a_request_is_read_as_often_as_one_likes_and_never_opened,
        the_first_answer_stays_and_is_told_again,
        of_64_racing_answers_exactly_one_is_given,
        of_many_shares_offered_at_once_ten_are_admitted,
        nothing_but_a_live_share_made_for_it_answers,
        what_answers_is_live_without_its_makers_confirmation,
        a_request_that_was_not_confirmed_or_is_over_admits_nothing,
        an_unknown_request_a_wrong_token_and_a_share_are_alike,
        an_answer_is_known_as_long_as_its_share,
        an_answered_request_stays_so_when_withdrawn;
    rates:
        of_many_at_once_as_many_pass_as_are_allowed,
        what_was_used_comes_back_evenly,
        what_is_refused_counts_for_nothing,
        of_many_claims_at_once_as_many_open_as_are_allowed,
        a_wrong_claim_counts_and_one_too_many_does_nothing,
        a_creation_counts_whatever_becomes_of_it;
}
