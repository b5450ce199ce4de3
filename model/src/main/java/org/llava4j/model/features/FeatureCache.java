package org.llava4j.model.features;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Sha256;
import org.llava4j.data.image.ExifOrientation;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.image.RgbImage;

/**
 * Cache of the vision tower's features. The tower is frozen (Liu et al. 2023, section 4.2), so an image has the same
 * features in every epoch, in both stages and in evaluation. The cache is content-addressed: the address is a hash of
 * the tower's weights, the preprocessing and the image's bytes, so a change of any of them is a cache miss.
 *
 * <p>Lookup order: memory, disk, then the tower, which computes all misses of a call in batches. Not thread-safe;
 * several caches may share a folder.
 */
public final class FeatureCache implements FeatureSource {
    /** Number of misses computed before they are stored, which bounds the work that an interrupted run loses. */
    private static final int CHUNK_SIZE = 64;

    private final FeatureSource source;
    private final String fingerprint;
    private final Consumer<String> notices;
    private final long memoryBytes;
    private final Map<String, float[]> memory = new LinkedHashMap<>(64, 0.75f, true);
    private final Map<Path, HashedFile> addresses = new HashMap<>();
    private long bytesInMemory;
    private long computed;

    /** Null if there is none, or after its first failure. */
    private @Nullable FeatureStore store;

    /** An image file's version when its bytes were hashed, and the address. */
    private record HashedFile(ImageBytes.ImageVersion version, String address) {}

    /**
     * @param source computes the features of cache misses
     * @param fingerprint of everything that the source's features depend on, except for the image
     * @param store cache on disk; null for none
     * @param memoryBytes maximum size of the cache in memory
     * @param notices receives a message when the store fails (such as a full disk); features are then recomputed
     */
    public FeatureCache(
            FeatureSource source,
            String fingerprint,
            @Nullable FeatureStore store,
            long memoryBytes,
            Consumer<String> notices) {
        this.source = source;
        this.fingerprint = fingerprint;
        this.store = store;
        this.memoryBytes = memoryBytes;
        this.notices = notices;
    }

    /**
     * The features of images, in their order.
     *
     * @return {@code float32[P*Dv]} each; shared, do not modify
     * @throws BadInputException if an image is missing or damaged
     */
    @Override
    public List<float[]> features(List<Path> images) {
        Map<String, float[]> found = new HashMap<>();
        Map<String, Path> missing = new LinkedHashMap<>();
        List<String> requested = new ArrayList<>();
        for (Path image : images) {
            String address = address(image);
            requested.add(address);
            if (!found.containsKey(address) && !missing.containsKey(address)) {
                float[] features = lookUp(address);
                if (features == null) {
                    missing.put(address, image);
                } else {
                    found.put(address, features);
                }
            }
        }
        List<String> addresses = List.copyOf(missing.keySet());
        for (int from = 0; from < addresses.size(); from += CHUNK_SIZE) {
            int to = Math.min(addresses.size(), from + CHUNK_SIZE);
            found.putAll(compute(addresses.subList(from, to), missing));
        }
        return requested.stream().map(found::get).toList();
    }

    /** Not cached: images in memory are computed each time. */
    @Override
    public List<float[]> featuresOfDecoded(List<RgbImage> images) {
        return source.featuresOfDecoded(images);
    }

    @Override
    public RgbImage visibleRegion(RgbImage image) {
        return source.visibleRegion(image);
    }

    @Override
    public ExifOrientation orientation() {
        return source.orientation();
    }

    /** Number of images that the source has computed. */
    public long computed() {
        return computed;
    }

    private float @Nullable [] lookUp(String address) {
        float[] inMemory = memory.get(address);
        if (inMemory != null) {
            return inMemory;
        }
        float[] onDisk = readFromStore(address);
        if (onDisk != null) {
            remember(address, onDisk);
        }
        return onDisk;
    }

    private float @Nullable [] readFromStore(String address) {
        if (store == null) {
            return null;
        }
        try {
            return store.get(address);
        } catch (BadInputException e) {
            disableStore(e);
            return null;
        }
    }

    private void writeToStore(String address, float[] features) {
        if (store == null) {
            return;
        }
        try {
            store.put(address, features);
        } catch (BadInputException e) {
            disableStore(e);
        }
    }

    private void disableStore(BadInputException failure) {
        store = null;
        notices.accept(failure.getMessage() + "; continuing without it");
    }

    private Map<String, float[]> compute(List<String> addresses, Map<String, Path> images) {
        List<Path> files = addresses.stream().map(images::get).toList();
        List<float[]> features = source.features(files);
        Map<String, float[]> byAddress = new HashMap<>();
        for (int i = 0; i < addresses.size(); i++) {
            String address = addresses.get(i);
            float[] one = features.get(i);
            if (!address.equals(address(files.get(i)))) {
                throw new BadInputException(files.get(i) + " changed while it was read; start again");
            }
            byAddress.put(address, one);
            remember(address, one);
            writeToStore(address, one);
            computed++;
        }
        return byAddress;
    }

    private void remember(String address, float[] features) {
        if (memory.put(address, features) == null) {
            bytesInMemory += bytes(features);
        }
        var eldest = memory.entrySet().iterator();
        while (bytesInMemory > memoryBytes && eldest.hasNext()) {
            bytesInMemory -= bytes(eldest.next().getValue());
            eldest.remove();
        }
    }

    private static long bytes(float[] features) {
        return (long) features.length * Float.BYTES;
    }

    /**
     * The address of an image's features: a hash of what they depend on and of the image's bytes. Reads the bytes only if the
     * file's size or modification time has changed.
     *
     * @throws BadInputException if the image is missing or unreadable
     */
    public String address(Path image) {
        ImageBytes.ImageVersion now = ImageBytes.version(image);
        HashedFile seen = addresses.get(image);
        if (seen == null || !seen.version().equals(now)) {
            seen = new HashedFile(now, hash(ImageBytes.read(image)));
            addresses.put(image, seen);
        }
        return seen.address();
    }

    private String hash(byte[] imageBytes) {
        return new Sha256().add(fingerprint + "\n").add(imageBytes).hex();
    }
}
