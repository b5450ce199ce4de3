package org.llava4j.data.batch;

import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;

/**
 * A folder of samples as ids, in buckets by length, each in files of so many samples: what its {@code shards.json} says.
 *
 * @param reading everything that the ids depend on, except for the data
 * @param data SHA-256 of the data that they were made of
 * @param samples in all, bad ones too
 * @param shards the files
 */
public record TokenizedDatasetManifest(Fingerprint reading, String data, int samples, List<Shard> shards) {
    /** The name of this description. */
    public static final String FILE = "shards.json";

    /**
     * A file.
     *
     * @param file its name
     * @param sha256 of its bytes
     * @param bucket the longest that a sample of it may be, in positions; 0 for samples that are no good
     * @param numbers of its samples, in its order
     */
    public record Shard(String file, String sha256, int bucket, List<Integer> numbers) {}

    /** @throws BadInputException if it is not whole */
    public TokenizedDatasetManifest {
        if (reading == null || data == null || shards == null) {
            throw new BadInputException(FILE + " wants \"reading\", \"data\", \"samples\" and \"shards\"");
        }
        shards = List.copyOf(shards);
        long listed = shards.stream().mapToLong(shard -> shard.numbers().size()).sum();
        if (listed != samples) {
            throw new BadInputException(
                    FILE + " lists " + listed + " samples but counts " + samples + "; make the shards anew");
        }
    }
}
