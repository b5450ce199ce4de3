/** Commands that convert model folders: export, assembly, deltas and merging of LoRA adapters. */
package org.llava4j.model.convert;
