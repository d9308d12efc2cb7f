/** The notice board, when this build has it. */
import { defineAsyncComponent } from 'vue'
import type { Component } from 'vue'

const found = import.meta.glob<{ default: Component }>('./CardPanel.vue')
const load = found['./CardPanel.vue']
export const CardPanel = load ? defineAsyncComponent(load) : null
