# The worker; `node bin/lrm.js migrate` and the other commands run in the same image.
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without scripts: there is nothing to build yet.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run prepare && npm prune --omit=dev --ignore-scripts

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=node:node /app ./
# The first process of a container has to wait for processes that a job has started and left behind;
# Node waits for its own only.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
USER node
ENTRYPOINT ["tini", "--"]
# Not through npm: SIGTERM has to reach the worker.
CMD ["node", "dist/worker/main.js"]
