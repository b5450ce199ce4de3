package org.llava4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.llava4j.data.JsonInput;
import org.llava4j.data.records.SeededPermutation;
import org.llava4j.model.Llava;
import org.llava4j.model.folder.VocabularyGrowth;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.model.weights.Checkpoint;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Model and data folders of {@code f_e2e}, in the layout of a user's. */
public final class TinyModelFolders {
    /** Sample order of the recorded run in either file, derived from the images of its batches. */
    private static final int[] PUBLISHED_ORDER = {0, 5, 1, 6, 3, 4, 2, 7};

    private TinyModelFolders() {}

    /** The LLaMA of {@link ModelFolders}, extended by {@code <im_patch>}, {@code <im_start>} and {@code <im_end>} (1000 to 1002). */
    public static Path llamaWithSlot(Path folder) {
        Path plain = ModelFolders.llama(folder.resolveSibling("my-plain-llama"));
        VocabularyGrowth growth = VocabularyGrowth.of(plain, true);
        ObjectNode config = (ObjectNode) JsonInput.readObject(plain.resolve("config.json"));
        config.put("vocab_size", growth.vocabSize())
                .put("mm_use_im_start_end", true)
                .put("mm_use_im_patch_token", true);
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), config.toPrettyString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        growth.writeTokenizer(folder);
        Map<String, INDArray> tensors = initial(name -> !name.startsWith(Llava.TOWER_PREFIX) && !isProjector(name));
        tensors.replaceAll((name, tensor) -> VocabularyGrowth.isTable(name) ? growth.grow(tensor) : tensor);
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
        return folder;
    }

    /** The initial projector of the recorded stage 1, as a file. */
    public static Path projector(Path file) {
        SafetensorsWriter.write(file, initial(TinyModelFolders::isProjector));
        return file;
    }

    private static boolean isProjector(String name) {
        return name.startsWith(Checkpoint.PROJECTOR_PREFIX);
    }

    private static Map<String, INDArray> initial(Predicate<String> wanted) {
        Map<String, INDArray> tensors = Golden.tensors("f_e2e/stage1_init.safetensors");
        tensors.keySet().removeIf(wanted.negate());
        return tensors;
    }

    /** A data file whose samples are in the order of the recorded run after shuffling with {@code seed}. */
    public static Path inPublishedOrder(String name, long seed, Path file) {
        JsonNode samples = Golden.json("f_e2e/" + name);
        SeededPermutation shuffle = new SeededPermutation(PUBLISHED_ORDER.length, seed, 0);
        JsonNode[] placed = new JsonNode[PUBLISHED_ORDER.length];
        for (int i = 0; i < placed.length; i++) {
            placed[shuffle.get(i)] = samples.get(PUBLISHED_ORDER[i]);
        }
        ArrayNode array = new ObjectMapper().createArrayNode().addAll(List.of(placed));
        try {
            return Files.writeString(file, array.toPrettyString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
