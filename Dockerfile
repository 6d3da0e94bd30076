# The program, its libraries and CA certificates on nothing else: no shell, no package manager, no
# root, and nothing that it writes outside /data.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin folderbridge
RUN image/tree /src/target/release/folderbridge /tree

# The gate builds from here on, over a /tree of its own.
FROM scratch
COPY --from=build /tree/files /
COPY --from=build --chown=10001:10001 /tree/data /data
USER 10001:10001
WORKDIR /data
VOLUME /data
ENV FOLDERBRIDGE_LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=10s --start-period=30s CMD ["/usr/local/bin/folderbridge", "health"]
ENTRYPOINT ["/usr/local/bin/folderbridge"]
CMD ["serve"]
