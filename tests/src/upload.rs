//! A share with attachments as another client than the browser's makes it: with core, natively.

use crate::{
    deployment::Deployment,
    share::{Share, Terms},
};
use anyhow::{Context, Result, ensure};
use getrandom::SysRng;
use http::Method;
use waxseal_core::{
    body::{BodyPlan, Piece},
    chunk::ChunkCipher,
    manifest::{File, Manifest, SealedPolicy},
};

/// An attachment: its name, its media type, its content.
pub type Attached<'a> = (&'a str, &'a str, &'a [u8]);

/// Puts a share on the server, past the proxy, part by part if it has several.
///
/// # Errors
/// If the server does not take it.
pub async fn put(
    deployment: &Deployment,
    title: &str,
    files: &[Attached<'_>],
    terms: Terms<'_>,
) -> Result<Share> {
    let mut share = Share::note(title, "", terms)?;
    let manifest = Manifest {
        title: title.to_owned(),
        from: String::new(),
        fields: Vec::new(),
        files: files.iter().map(described).collect(),
        policy: Some(SealedPolicy {
            views: share.request.views,
            expires_in: share.request.expires_in,
        }),
    };
    ensure!(share.proof.is_none(), "attachments under a passphrase are not made here");
    let plan = BodyPlan::new(&share.keys.body(), &manifest, &mut SysRng)?;
    let cipher = ChunkCipher::new(plan.key().clone());
    share.request.size = plan.size();
    if plan.size().is_one_part() {
        share.request.head = Some(seal(&plan, &cipher, files, 0)?);
        deployment.put(&share).await?;
        return Ok(share);
    }
    share.request.head = None;
    deployment.put(&share).await?;
    let owner = share.owner.to_base64url();
    let path = |tail: &str| format!("/api/shares/{}{tail}", share.keys.id.to_base64url());
    for n in 0..plan.size().parts() {
        let part = seal(&plan, &cipher, files, n)?.into();
        let body = Some(("application/octet-stream", part));
        let path = path(&format!("/parts/{n}"));
        let answer = deployment.api.send_bytes(Method::PUT, &path, Some(&owner), body).await?;
        ensure!(answer.status == 204, "part {n} is answered {answer:?}");
    }
    let publish = path("/publish");
    let answer = deployment.api.send(Method::POST, &publish, Some(&owner), None::<&()>).await?;
    ensure!(answer.status == 200, "the publication is answered {answer:?}");
    Ok(share)
}

fn described((name, media_type, content): &Attached<'_>) -> File {
    let (name, media_type) = ((*name).to_owned(), (*media_type).to_owned());
    File { name, media_type, size: content.len() as u64 }
}

fn seal(plan: &BodyPlan, cipher: &ChunkCipher, files: &[Attached<'_>], n: u64) -> Result<Vec<u8>> {
    let mut plaintext = Vec::new();
    for piece in plan.pieces(n) {
        match piece {
            Piece::Prefix(range) => plaintext.extend_from_slice(&plan.prefix()[range]),
            Piece::File { index, range } => {
                let (_, _, content) = files.get(index).context("a file of the manifest")?;
                let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
                plaintext.extend_from_slice(&content[range]);
            }
            Piece::Zeros(len) => plaintext.resize(plaintext.len() + usize::try_from(len)?, 0),
        }
    }
    let mut sealed = Vec::new();
    plan.seal_part(cipher, n, &plaintext, &mut sealed)?;
    Ok(sealed)
}
