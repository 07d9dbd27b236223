# resnet-ft on the CPU, without root, on a root file system that may be read-only:
#
#   docker build -t resnet-ft .
#   docker run --rm --read-only --tmpfs /tmp -v "$PWD:/work" -v resnet-ft-cache:/cache resnet-ft train photos --val-split 0.2
#
# From tarballs of this checkout instead of npm (docs/packaging.md), which lie in tarballs/:
#
#   docker build -t resnet-ft --build-arg PACKAGES="/context/tarballs/*.tgz" .

# Any image with Node.js 20.19 or newer and glibc 2.28 or newer, and a user "node".
ARG NODE_IMAGE=docker.io/library/node:22-bookworm-slim

FROM ${NODE_IMAGE} AS install
# As npm takes them: resnet-ft@0.1.0, and beside it the weights' packages, such as @resnet-ft/weights-resnet50-imagenet-v1.
ARG PACKAGES=resnet-ft
WORKDIR /opt/resnet-ft
# No script of any package runs. Unquoted: several words, and * for tarballs.
RUN --mount=type=bind,target=/context \
    echo '{ "private": true }' > package.json && \
    npm install --ignore-scripts --omit=dev --no-audit --no-fund ${PACKAGES} && \
    node node_modules/resnet-ft/bin/resnet-ft.js libtorch where

FROM ${NODE_IMAGE}
COPY --from=install /opt/resnet-ft /opt/resnet-ft
# A new volume gets the permissions of the folder that it lies over: whoever the container runs as may write,
# also beside what another user has kept.
RUN ln -s /opt/resnet-ft/node_modules/.bin/resnet-ft /usr/local/bin/resnet-ft && \
    mkdir -p /cache/resnet-ft/data /cache/resnet-ft/libtorch /cache/torch/hub/checkpoints && \
    find /cache -type d -exec chmod 1777 {} + && mkdir -p /work && chown node:node /work
# Weights, data and crops are kept here: name a volume, so that they are made once.
ENV XDG_CACHE_HOME=/cache NODE_ENV=production
VOLUME /cache
WORKDIR /work
USER node
# No shell between: SIGTERM reaches resnet-ft, which saves the run and exits with 143.
ENTRYPOINT ["node", "/opt/resnet-ft/node_modules/resnet-ft/bin/resnet-ft.js"]
CMD ["--help"]
