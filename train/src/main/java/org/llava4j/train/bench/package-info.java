/**
 * Benchmarks of training steps against a GEMM baseline, and of decode steps against a memory-bandwidth baseline. The entry
 * point is {@link org.llava4j.train.bench.BenchMain}.
 */
package org.llava4j.train.bench;
