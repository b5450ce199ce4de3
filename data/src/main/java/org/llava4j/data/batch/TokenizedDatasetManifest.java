package org.llava4j.data.batch;

import com.fasterxml.jackson.annotation.JsonAlias;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.records.LayoutCounts;

/**
 * Manifest of a tokenized dataset: the content of {@code shards.json}. Samples are bucketed by length, and a bucket is
 * split into shards. Manifests written before have the key {@code "reading"} for {@code "encoding"}.
 *
 * @param encoding all settings that the token ids depend on, except for the data
 * @param data SHA-256 of the source data
 * @param samples number of samples, invalid ones included
 * @param layouts layouts of the source data; null for ScienceQA, and in manifests written before
 * @param shards the files
 */
public record TokenizedDatasetManifest(
        @JsonAlias("reading") Fingerprint encoding,
        String data,
        int samples,
        @Nullable LayoutCounts layouts,
        List<Shard> shards) {
    /** Name of the manifest file. */
    public static final String FILE = "shards.json";

    /**
     * Shard file.
     *
     * @param file its name
     * @param sha256 of its bytes
     * @param bucket maximum length of its samples in positions; 0 for invalid samples
     * @param numbers indices of its samples, in file order
     */
    public record Shard(String file, String sha256, int bucket, List<Integer> numbers) {
        /**
         * Checks a shard.
         *
         * @throws BadInputException if it is incomplete
         */
        public Shard {
            if (file == null
                    || sha256 == null
                    || numbers == null
                    || numbers.stream().anyMatch(Objects::isNull)) {
                throw new BadInputException(FILE + " has a shard that lacks \"file\", \"sha256\" or \"numbers\"");
            }
        }
    }

    /**
     * Checks the manifest.
     *
     * @throws BadInputException if it is incomplete
     */
    public TokenizedDatasetManifest {
        if (encoding == null || data == null || shards == null) {
            throw new BadInputException(
                    FILE + " lacks a key; it must have \"encoding\", \"data\", \"samples\" and \"shards\"");
        }
        if (shards.stream().anyMatch(Objects::isNull)) {
            throw new BadInputException(FILE + " has a null in place of a shard");
        }
        shards = List.copyOf(shards);
        long listed = shards.stream().mapToLong(shard -> shard.numbers().size()).sum();
        if (listed != samples) {
            throw new BadInputException(FILE + " lists " + listed + " samples but counts " + samples
                    + "; write the tokenized dataset again");
        }
    }
}
