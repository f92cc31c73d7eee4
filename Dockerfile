# The image of the worker. `node bin/lrm.js migrate` and the other commands run in it too.
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The scripts would build, but the sources are not here yet.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run prepare && npm prune --omit=dev --ignore-scripts

FROM node:22-slim
ENV NODE_ENV=production NPM_CONFIG_CACHE=/tmp/.npm
WORKDIR /app
COPY --from=build --chown=node:node /app ./
# The first process of a container must reap all orphaned processes, for example those that a job
# started. Node only reaps its own children.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
USER node
ENTRYPOINT ["tini", "--"]
# npm would not pass SIGTERM on to the worker.
CMD ["node", "dist/workerMain.js"]
