# One static-as-can-be image: the binary, its C library and CA certificates, no root.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin folderbridge

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /data folderbridge
COPY --from=build /src/target/release/folderbridge /usr/local/bin/folderbridge
USER folderbridge
WORKDIR /data
EXPOSE 8080
ENTRYPOINT ["folderbridge"]
CMD ["serve"]
