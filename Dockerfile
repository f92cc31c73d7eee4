# The image of the worker. `lrm migrate` and the other commands run in it too:
#
#   docker build -t long-running-migrations .
#   docker run --read-only --cap-drop ALL -e DATABASE_URL … long-running-migrations lrm migrate
#
# A build that must not change takes the base by its digest: --build-arg NODE=node:22.23.5-slim@sha256:…
ARG NODE=node:22.23.5-slim

FROM ${NODE} AS build
# The first process of a container must reap all orphaned processes, for example those that a job
# started. Node only reaps its own children.
RUN apt-get update && apt-get install -y --no-install-recommends tini
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The scripts would build, but the sources are not here yet.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run prepare
RUN rm -rf dist/test dist/start.js dist/bundleWorkflows.js && find dist -maxdepth 1 -name '*.map' -delete
# Optional packages are native code to bundle workflows with (swc): the build has done that.
RUN npm prune --omit=dev --omit=optional --ignore-scripts
# What no process reads: Temporal's native library for other platforms and its sources in Rust, types, maps.
RUN cd node_modules \
  && rm -rf @temporalio/core-bridge/sdk-core \
  && find @temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-*-linux-gnu" -exec rm -r {} + \
  && find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' \) -delete
# So that `lrm` and `npx lrm` find it. A `bin` of its own would be installed at the first npx, which writes.
RUN npm pkg delete bin scripts devDependencies && ln -s ../../bin/lrm.js node_modules/.bin/lrm
RUN npm sbom --sbom-format cyclonedx > sbom.json
# A checkout may be readable for its owner only, but the image runs as any user.
RUN chmod -R u=rwX,go=rX bin dist drizzle node_modules package.json sbom.json LICENSE

# The base without what no process reads: translations, manuals, a full Perl, headers, other package managers.
FROM ${NODE} AS root
RUN rm -rf /usr/share/locale /usr/share/man /usr/share/perl /usr/lib/*-linux-gnu/perl /usr/local/include \
    /opt/yarn* /usr/local/bin/yarn* /usr/local/lib/node_modules/corepack /usr/local/bin/corepack \
    /var/cache/* /var/lib/apt/lists/* /root/.npm \
  && find /usr/share/doc -type f ! -name copyright -delete

FROM scratch
COPY --from=root / /
ENV NODE_ENV=production PATH=/app/node_modules/.bin:/usr/local/bin:/usr/bin:/bin \
  NPM_CONFIG_CACHE=/tmp/.npm NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /app
COPY --from=build /usr/bin/tini-static /usr/local/bin/tini
# All of it belongs to root: a job can't change the code that runs it.
COPY --from=build /app/package.json /app/sbom.json /app/LICENSE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/drizzle/sql drizzle/sql
COPY --from=build /app/bin/lrm.js bin/
COPY --from=build /app/dist dist
# A number: of a name, Kubernetes can't know that it is not root's.
USER 1000:1000
# Without LRM_HEALTH_PORT there is nothing to ask: a worker that can't go on ends by itself.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s CMD ["node", "-e", \
  "const port = process.env.LRM_HEALTH_PORT; if (port) fetch(`http://127.0.0.1:${port}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
# npm would not pass SIGTERM on to the worker.
CMD ["node", "dist/workerMain.js"]
