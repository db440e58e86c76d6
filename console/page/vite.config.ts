import { defineConfig } from "vitest/config"

declare const process: { env: Record<string, string | undefined> }

const console_ = process.env["CLICKTALLY_CONSOLE"] ?? "http://127.0.0.1:8090"
const token = process.env["CLICKTALLY_TOKEN"]

const behind = {
  target: console_,
  ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}),
}

export default defineConfig({
  build: {
    outDir: "built",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // the policy allows no data: URLs
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": behind, "/docs": behind, "/problems": behind, "/s/": behind } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
})
