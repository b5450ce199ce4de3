/**
 * Native memory: the only package that uses JavaCPP. {@link org.llava4j.model.memory.PooledMemory} pools the arrays of
 * graphs, {@link org.llava4j.model.memory.NativeArray} copies between arrays and the heap,
 * {@link org.llava4j.model.memory.Scratch} is the scratch memory of a kernel's thread, and
 * {@link org.llava4j.model.memory.Blas} calls OpenBLAS on addresses.
 */
package org.llava4j.model.memory;
