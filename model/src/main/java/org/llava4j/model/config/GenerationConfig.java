package org.llava4j.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * Generation settings of a model folder, as transformers reads them: {@code generation_config.json} where there is one,
 * otherwise {@code config.json}.
 */
public final class GenerationConfig {
    private static final String FILE = "generation_config.json";
    private static final String EOS = "eos_token_id";

    private GenerationConfig() {}

    /**
     * The ids of all end tokens ({@code eos_token_id}, a number or a list); none where the folder names none.
     *
     * @throws BadInputException if the value is neither
     */
    public static Set<Integer> eosIds(Path folder) {
        Path own = folder.resolve(FILE);
        if (Files.isRegularFile(own)) {
            Set<Integer> ids = eosIds(own, JsonInput.readObject(own).path(EOS));
            if (!ids.isEmpty()) {
                return ids;
            }
        }
        Path config = folder.resolve("config.json");
        if (!Files.isRegularFile(config)) {
            return Set.of();
        }
        JsonNode root = JsonInput.readObject(config);
        // llava-hf nests the decoder's config.
        JsonNode value =
                root.has(EOS) ? root.path(EOS) : root.path("text_config").path(EOS);
        return eosIds(config, value);
    }

    private static Set<Integer> eosIds(Path file, JsonNode value) {
        if (value.isNull() || value.isMissingNode()) {
            return Set.of();
        }
        Set<Integer> ids = new TreeSet<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.canConvertToInt() || !id.isIntegralNumber()) {
                throw new BadInputException(
                        file + ": \"" + EOS + "\" is " + value + "; give a token id or a list of token ids");
            }
            ids.add(id.intValue());
        }
        return ids;
    }
}
