import { fileURLToPath } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Two pages: the desks (served at /) and the residents' pages (served at /r/). Hash routes keep the
// server ignorant of both.
export default defineConfig({
  base: '/static-app/',
  plugins: [vue()],
  resolve: { alias: { '@': here('./src') } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    reportCompressedSize: false,
    rollupOptions: {
      input: { desk: here('./index.html'), resident: here('./resident.html') },
      output: { manualChunks: { vue: ['vue', 'vue-router'] } },
    },
  },
  // Tests read the packs beside it.
  server: { fs: { allow: ['..'] }, proxy: { '/api': process.env.SHANZHI_BACKEND ?? 'http://127.0.0.1:8000' } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node', css: true },
})
