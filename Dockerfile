# syntax=docker/dockerfile:1

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo xtask build && cp target/release/waxseal-server /waxseal-server

FROM debian:bookworm-slim
COPY --from=build /waxseal-server /usr/local/bin/waxseal-server
# Whom to trust for a Redis with TLS.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# For the embedded store: mount a volume here.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
WORKDIR /data
USER 10001:10001
ENV WAXSEAL_LISTEN=0.0.0.0:8080 \
    WAXSEAL_STORE=sqlite:/data/waxseal.db
EXPOSE 8080
# Bash's own TCP, so that the image needs no HTTP client.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${WAXSEAL_LISTEN##*:} && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]
ENTRYPOINT ["waxseal-server"]
