# One build, three images: `docker build --target revocation-service .`, `--target api-node` and `--target gate`
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY libs/core/package.json libs/core/
COPY libs/gate/package.json libs/gate/
COPY libs/jetstream/package.json libs/jetstream/
COPY libs/node/package.json libs/node/
COPY libs/nest/package.json libs/nest/
COPY libs/express/package.json libs/express/
COPY libs/fastify/package.json libs/fastify/
COPY libs/testing/package.json libs/testing/
COPY apps/revocation-service/package.json apps/revocation-service/
COPY apps/api-node/package.json apps/api-node/
COPY apps/gate/package.json apps/gate/
COPY apps/cli/package.json apps/cli/
RUN npm ci
COPY . .
RUN npm run build

FROM build AS revocation-service-tree
RUN npm ci --omit=dev -w @revocast/revocation-service

FROM build AS api-node-tree
RUN npm ci --omit=dev -w @revocast/api-node

FROM build AS gate-tree
RUN npm ci --omit=dev -w @revocast/gate-app

FROM node:24-slim AS base
ENV NODE_ENV=production HOST=0.0.0.0
WORKDIR /app
# The image's own unprivileged user; the process never needs to write outside its data folder.
USER node

FROM base AS revocation-service
COPY --from=revocation-service-tree --chown=node:node /src /app
EXPOSE 3000
HEALTHCHECK --interval=5s --timeout=2s CMD ["node", "-e", "fetch('http://127.0.0.1:3000/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "apps/revocation-service/dist/main.js"]

FROM base AS api-node
COPY --from=api-node-tree --chown=node:node /src /app
EXPOSE 3001
HEALTHCHECK --interval=5s --timeout=2s CMD ["node", "-e", "fetch('http://127.0.0.1:3001/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "apps/api-node/dist/main.js"]

FROM base AS gate
COPY --from=gate-tree --chown=node:node /src /app
# And REVOCAST_GRPC_PORT, where it is set.
EXPOSE 3010
HEALTHCHECK --interval=5s --timeout=2s CMD ["node", "-e", "fetch('http://127.0.0.1:3010/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--enable-source-maps", "apps/gate/dist/main.js"]
