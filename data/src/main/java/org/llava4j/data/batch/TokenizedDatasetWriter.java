package org.llava4j.data.batch;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;
import org.llava4j.data.records.LayoutCounts;
import org.llava4j.data.records.RecordFiles;
import org.llava4j.data.records.TokenizedSample;

/** Writer of a tokenized dataset, with the samples bucketed by length. The output depends on the samples alone. */
public final class TokenizedDatasetWriter {
    /** Width of a bucket in positions. */
    static final int BUCKET_WIDTH = 64;

    private final Path folder;
    private final int samplesPerShard;
    private final SortedMap<Integer, List<TokenizedSample>> open = new TreeMap<>();
    private final SortedMap<String, TokenizedDatasetManifest.Shard> written = new TreeMap<>();
    private final SortedMap<Integer, Integer> files = new TreeMap<>();

    /**
     * Creates a writer.
     *
     * @param folder existing output folder
     */
    public TokenizedDatasetWriter(Path folder, int samplesPerShard) {
        this.folder = folder;
        this.samplesPerShard = samplesPerShard;
    }

    /**
     * Writes all shards, and then the manifest.
     *
     * @param samples in the order of their indices
     * @param encoding all settings that the token ids depend on, except for the data
     * @param maxLength maximum length of a sample in positions
     * @param data SHA-256 of the source data
     * @param layouts layouts of the source data; null for ScienceQA
     */
    public TokenizedDatasetManifest write(
            Iterator<TokenizedSample> samples,
            Fingerprint encoding,
            int maxLength,
            String data,
            @Nullable LayoutCounts layouts) {
        int count = 0;
        while (samples.hasNext()) {
            TokenizedSample sample = samples.next();
            int bucket = Math.min(maxLength, (sample.length() + BUCKET_WIDTH - 1) / BUCKET_WIDTH * BUCKET_WIDTH);
            List<TokenizedSample> bucketed = open.computeIfAbsent(bucket, any -> new ArrayList<>());
            bucketed.add(sample);
            if (bucketed.size() == samplesPerShard) {
                open.remove(bucket);
                flush(bucket, bucketed);
            }
            count++;
        }
        open.forEach(this::flush);
        open.clear();
        TokenizedDatasetManifest shards =
                new TokenizedDatasetManifest(encoding, data, count, layouts, List.copyOf(written.values()));
        AtomicFile.writeString(folder.resolve(TokenizedDatasetManifest.FILE), JsonInput.write(shards));
        return shards;
    }

    private void flush(int bucket, List<TokenizedSample> samples) {
        int number = files.merge(bucket, 1, Integer::sum) - 1;
        String name = bucket == 0
                ? String.format(Locale.ROOT, "bad-%05d.jsonl", number)
                : String.format(Locale.ROOT, "bucket-%05d-%05d.jsonl", bucket, number);
        Path file = folder.resolve(name);
        RecordFiles.writeTokenized(file, samples.iterator());
        written.put(
                name,
                new TokenizedDatasetManifest.Shard(
                        name,
                        Sha256.of(file),
                        bucket,
                        samples.stream().map(TokenizedSample::number).toList()));
    }
}
