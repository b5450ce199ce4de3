package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.llava4j.data.BadInputException;
import org.llava4j.data.CloseOnFailure;
import org.llava4j.data.JsonInput;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.model.weights.CheckpointLayout;
import org.llava4j.model.weights.TensorHash;
import org.llava4j.model.weights.TiedHead;
import org.llava4j.model.weights.WeightStore;

/**
 * Weights of one folder by variable name, independent of a model's configuration. Stored buffers that are computed here
 * are skipped.
 */
final class NamedWeights implements AutoCloseable {
    private static final String TIE_KEY = "tie_word_embeddings";

    private final WeightStore store;
    private final CheckpointLayout layout;
    private final SortedMap<String, LazyTensor> tensors = new TreeMap<>();

    private NamedWeights(WeightStore store) {
        this.store = store;
        layout = CheckpointLayout.of(store.tensors().keySet());
    }

    /** @throws BadInputException if two tensors map to the same variable, or a tied head differs from its table */
    static NamedWeights open(Path folder) {
        NamedWeights weights = new NamedWeights(WeightStore.open(folder));
        return CloseOnFailure.run(weights, () -> {
            weights.list(folder);
            weights.mergeTiedHead(folder);
            return weights;
        });
    }

    private void list(Path folder) {
        layout.variables(store.tensors().values(), folder).forEach((variable, stored) -> {
            if (CheckpointLayout.skipReason(stored.name()) == null) {
                tensors.put(variable, store.lazyTensor(stored.name()));
            }
        });
    }

    /** Merges a tied head and its table into one tensor under the table's name. */
    private void mergeTiedHead(Path folder) {
        LazyTensor head = tensors.get(TiedHead.NAME);
        if (head == null || !isTied(folder)) {
            return;
        }
        LazyTensor table = tensors.putIfAbsent(TiedHead.TABLE, head);
        String difference = table == null ? null : TiedHead.difference(store, table.name(), store, head.name());
        if (difference != null) {
            throw new BadInputException(
                    folder + ": " + difference + "; use the config.json that came with these weights");
        }
        tensors.remove(TiedHead.NAME);
    }

    private static boolean isTied(Path folder) {
        Path file = folder.resolve(FolderFiles.CONFIG);
        if (!Files.isRegularFile(file)) {
            return false;
        }
        JsonNode config = JsonInput.readBoundedObject(file);
        // In llava-hf layout, either of the two keys ties the head.
        return config.path(TIE_KEY).asBoolean(false)
                || config.path("text_config").path(TIE_KEY).asBoolean(false);
    }

    /** Tensors by variable, under their stored names. */
    SortedMap<String, LazyTensor> tensors() {
        return tensors;
    }

    CheckpointLayout layout() {
        return layout;
    }

    /** Whether a variable belongs to a LLaVA but not to its LLaMA. */
    static boolean isLlavaOnly(String variable) {
        return variable.startsWith(Checkpoint.PROJECTOR_PREFIX) || CheckpointWriter.isVisionTower(variable);
    }

    /** Hash of names, shapes and float32 values, independent of file format and dtype. */
    String sha256() {
        return sha256(name -> true);
    }

    /** As {@link #sha256()}, over the selected variables. */
    String sha256(Predicate<String> counted) {
        TensorHash hash = new TensorHash();
        tensors.forEach((name, tensor) -> {
            if (counted.test(name)) {
                tensor.useAsFloats(floats -> hash.add(name, floats));
            }
        });
        return hash.hex();
    }

    @Override
    public void close() {
        store.close();
    }
}
