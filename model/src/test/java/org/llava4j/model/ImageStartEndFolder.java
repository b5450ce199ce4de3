package org.llava4j.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.llava4j.data.JsonInput;
import org.llava4j.model.folder.VocabularyGrowth;
import org.llava4j.model.tensors.SafetensorsFile;
import org.llava4j.model.tensors.SafetensorsWriter;
import org.llava4j.testing.Golden;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The model of {@code f_e2e}, extended by {@code <im_patch>}, {@code <im_start>} and {@code <im_end>} (ids 1000 to
 * 1002).
 */
public final class ImageStartEndFolder {
    public static final Path TOWER = Golden.path("a_clip56");

    private ImageStartEndFolder() {}

    /** Writes a LLaVA folder. The embeddings of the start and end tokens differ from each other and from the mean. */
    public static Path write(Path folder) {
        Path llama = folder.resolveSibling(folder.getFileName() + "-llama");
        try {
            Files.createDirectories(llama);
            Files.createDirectories(folder);
            for (String name : new String[] {"config.json", "tokenizer_config.json", "special_tokens_map.json"}) {
                Files.copy(Golden.path("f_e2e/base_llm").resolve(name), llama.resolve(name));
            }
            Files.copy(Golden.path("e_spm/tokenizer.model"), llama.resolve("tokenizer.model"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        VocabularyGrowth growth = VocabularyGrowth.of(llama, true);
        growth.writeTokenizer(folder);
        config(folder, llama, growth);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(Golden.path("f_e2e/stage1_init.safetensors"))) {
            for (String name : file.tensors().keySet()) {
                if (!name.startsWith(Llava.TOWER_PREFIX)) {
                    INDArray tensor = file.read(name);
                    tensors.put(name, VocabularyGrowth.isTable(name) ? growth.grow(tensor) : tensor);
                }
            }
        }
        INDArray table = tensors.get(ImageStartEndEmbeddings.TABLE);
        table.putRow(1001, Nd4j.linspace(DataType.FLOAT, -0.05, 0.002, table.size(1)));
        table.putRow(1002, Nd4j.linspace(DataType.FLOAT, 0.05, -0.001, table.size(1)));
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors);
        return folder;
    }

    private static void config(Path folder, Path llama, VocabularyGrowth growth) {
        ObjectNode config = (ObjectNode) JsonInput.readObject(llama.resolve("config.json"));
        config.put("vocab_size", growth.vocabSize());
        config.put("mm_use_im_start_end", true);
        config.put("mm_use_im_patch_token", true);
        config.put("mm_vision_tower", TOWER.toAbsolutePath().toString());
        change(folder, config);
    }

    /** Replaces the config. */
    static void change(Path folder, ObjectNode config) {
        try {
            Files.writeString(folder.resolve("config.json"), config.toPrettyString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
