package org.llava4j.model.generate;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Decoder that records the calls of its scheduler, with the number of tokens of each chunk. */
final class RecordingDecoder implements AutoregressiveDecoder {
    private final AutoregressiveDecoder decoder;
    private final List<String> calls = new ArrayList<>();
    private int failingChunk = -1;
    private int chunks;

    RecordingDecoder(AutoregressiveDecoder decoder) {
        this.decoder = decoder;
    }

    /** The calls so far. */
    List<String> calls() {
        return calls;
    }

    /** Makes a chunk fail. */
    void failAtChunk(int number) {
        failingChunk = number;
    }

    @Override
    public List<float[]> prefill(List<Generation> sequences) {
        calls.add("prefill " + sequences.size());
        return decoder.prefill(sequences);
    }

    @Override
    public PrefillChunk prefillChunk(Generation sequence, int maxTokens, BooleanSupplier pause) {
        if (chunks++ == failingChunk) {
            throw new IllegalStateException("simulated");
        }
        PrefillChunk chunk = decoder.prefillChunk(sequence, maxTokens, pause);
        calls.add("chunk " + chunk.tokens());
        return chunk;
    }

    @Override
    public List<float[]> decodeStep(List<Generation> running) {
        calls.add("step " + running.size());
        return decoder.decodeStep(running);
    }

    @Override
    public void finish(Generation generation, long maxCacheBytes) {
        calls.add("finish");
        decoder.finish(generation, maxCacheBytes);
    }

    @Override
    public void release(Generation generation) {
        calls.add("release");
        decoder.release(generation);
    }

    @Override
    public void close() {
        calls.add("close");
        decoder.close();
    }
}
