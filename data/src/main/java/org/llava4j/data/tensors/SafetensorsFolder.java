package org.llava4j.data.tensors;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The weights of a Hugging Face model folder: {@code model.safetensors}, or the shards that
 * {@code model.safetensors.index.json} lists. Index and shards must agree on every tensor.
 */
public final class SafetensorsFolder implements TensorStore {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final SortedMap<String, TensorInfo> tensors = new TreeMap<>();
    private final Map<String, String> metadata = new TreeMap<>();
    private final Map<String, SafetensorsFile> shards = new TreeMap<>();
    private final Map<String, SafetensorsFile> shardOf = new HashMap<>();

    private SafetensorsFolder() {}

    /**
     * Opens all files of a folder and checks their headers.
     *
     * @throws BadInputException if there are no weights, a shard is missing, or index and shards disagree
     */
    public static SafetensorsFolder open(Path folder) {
        boolean single = Files.isRegularFile(folder.resolve(SINGLE));
        boolean sharded = Files.isRegularFile(folder.resolve(INDEX));
        if (single && sharded) {
            throw new BadInputException(
                    folder + " holds both " + SINGLE + " and " + INDEX + "; remove the one that is out of date");
        }
        if (!single && !sharded) {
            throw new BadInputException(
                    "there are no weights in " + folder + "; it needs " + SINGLE + " or " + INDEX + " with its shards");
        }
        SafetensorsFolder opened = new SafetensorsFolder();
        boolean complete = false;
        try {
            if (single) {
                opened.add(SINGLE, folder);
            } else {
                opened.addShards(folder);
            }
            complete = true;
            return opened;
        } finally {
            if (!complete) {
                opened.close();
            }
        }
    }

    private SafetensorsFile add(String fileName, Path folder) {
        SafetensorsFile file = SafetensorsFile.open(folder.resolve(fileName));
        shards.put(fileName, file);
        metadata.putAll(file.metadata());
        tensors.putAll(file.tensors());
        file.tensors().keySet().forEach(name -> shardOf.put(name, file));
        return file;
    }

    private void addShards(Path folder) {
        Path index = folder.resolve(INDEX);
        SortedMap<String, String> weightMap = weightMap(index);
        for (String shard : new TreeSet<>(weightMap.values())) {
            if (!Files.isRegularFile(folder.resolve(shard))) {
                throw new BadInputException(
                        "the shard " + shard + " that " + index + " lists is missing; fetch it into " + folder);
            }
            for (String name : add(shard, folder).tensors().keySet()) {
                if (!shard.equals(weightMap.get(name))) {
                    throw new BadInputException("tensor \"" + name + "\" in " + folder.resolve(shard)
                            + " is not listed there by " + INDEX + "; index and shards are of different models");
                }
            }
        }
        weightMap.forEach((name, shard) -> {
            if (!shards.get(shard).tensors().containsKey(name)) {
                throw new BadInputException("tensor \"" + name + "\" is listed by " + index + " but is not in " + shard
                        + "; index and shards are of different models");
            }
        });
    }

    private static SortedMap<String, String> weightMap(Path index) {
        SortedMap<String, String> map = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : weightMapNode(index).properties()) {
            String shard = entry.getValue().textValue();
            // A plain name: an index must not reach outside its own folder.
            if (shard == null || !shard.endsWith(".safetensors") || shard.contains("/") || shard.contains("\\")) {
                throw new BadInputException(index + " gives " + entry.getValue() + " as the file of tensor \""
                        + entry.getKey() + "\"; it must be the plain name of a .safetensors file beside it");
            }
            map.put(entry.getKey(), shard);
        }
        return map;
    }

    private static JsonNode weightMapNode(Path index) {
        JsonNode map = JsonInput.readObject(index).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new BadInputException(index + " has no \"weight_map\"; fetch the file again");
        }
        return map;
    }

    @Override
    public SortedMap<String, TensorInfo> tensors() {
        return Collections.unmodifiableSortedMap(tensors);
    }

    @Override
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    @Override
    public INDArray read(String name) {
        SafetensorsFile file = shardOf.get(name);
        if (file == null) {
            throw new BadInputException(
                    "there is no tensor \"" + name + "\" in " + shards.values() + "; is it the right model?");
        }
        return file.read(name);
    }

    @Override
    public void close() {
        shards.values().forEach(SafetensorsFile::close);
    }
}
