# The program alone, for amd64 and arm64: nothing is run while it is built. `packaging/build` makes the files that it copies, and `.ci/package` puts the same tree
# together from the lines below and tries it. No Docker was there to try the building itself.
#
#   packaging/build && docker buildx build --tag provision .
#   docker run --rm -it --user "$(id -u):$(id -g)" -v "$PWD:/work" -v ~/.aws:/home/provision/.aws:ro provision plan
FROM scratch
# The architecture, as buildx names it.
ARG TARGETARCH
COPY packaging/image/ /etc/
COPY target/packaging/image/${TARGETARCH}/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/provision/
COPY --chmod=755 target/packaging/image/${TARGETARCH}/provision /usr/bin/provision
ENV HOME=/home/provision
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["/usr/bin/provision"]
