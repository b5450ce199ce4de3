/** Headers of GGUF files, the format of llama.cpp: typed metadata and the list of tensors, without their values. */
package org.llava4j.data.gguf;
