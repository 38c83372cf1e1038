# Leat holds DuckDB, which is C++: building needs a C++ compiler, running needs
# libstdc++. So both stages are the same Debian, and the last one is slim.

# The Go image brings g++.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# The version that the program reports; the build has no git history to ask.
ARG VERSION=dev
RUN CGO_ENABLED=1 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/leat ./cmd/leat

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libstdc++6 tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --system --gid 10001 leat \
 && useradd --system --uid 10001 --gid leat --home-dir /data --no-create-home --shell /usr/sbin/nologin leat \
 && install -d -o leat -g leat -m 0700 /data
COPY --from=build /out/leat /usr/local/bin/leat
COPY LICENSE /usr/share/doc/leat/LICENSE
ENV LEAT_DATA_DIR=/data
VOLUME /data
USER leat
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["leat", "healthcheck"]
ENTRYPOINT ["leat"]
# Inside a container only its own network can reach this address; publish the
# port on 127.0.0.1 or put a proxy with TLS in front.
CMD ["serve", "--listen", "0.0.0.0:8080"]
