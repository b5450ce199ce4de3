package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.data.tokenizer.TokenizerFiles;
import org.llava4j.model.config.LlamaConfig;
import org.llava4j.model.tensors.LazyTensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Vocabulary extension of a LLaMA folder ({@code resize_token_embeddings} in transformers) for tokens such as
 * {@code <im_start>} and {@code <im_end>}. As in the published code, new tokens get the ids after the tokenizer's, and
 * their rows of the token embeddings and the LM head are initialized to the mean of the old ones. V is the number of
 * rows before, V' after.
 */
public final class VocabularyGrowth {
    private static final Set<String> TABLES = Set.of("model.embed_tokens.weight", "lm_head.weight");
    private static final String ADDED = TokenizerFiles.ADDED_TOKENS;
    private static final List<String> COPIED = TokenizerFiles.all().stream()
            .filter(name -> !name.equals(TokenizerFiles.JSON))
            .toList();
    private static final int BLOCK_ROWS = 1024;

    private final Path folder;
    private final int rows;
    private final LlamaTokenizer original;
    private final LlamaTokenizer extended;

    private VocabularyGrowth(Path folder, int rows, LlamaTokenizer original, LlamaTokenizer extended) {
        this.folder = folder;
        this.rows = rows;
        this.original = original;
        this.extended = extended;
    }

    /**
     * Extension by the image start and end tokens; nothing is written.
     *
     * @param folder a LLaMA folder with its tokenizer
     * @param patchToken whether {@code <im_patch>} is added too, before the others ({@code mm_use_im_patch_token})
     */
    public static VocabularyGrowth of(Path folder, boolean patchToken) {
        List<String> tokens = patchToken
                ? List.of(ImageStartEndTokens.PATCH, ImageStartEndTokens.START, ImageStartEndTokens.END)
                : List.of(ImageStartEndTokens.START, ImageStartEndTokens.END);
        return of(folder, LlamaConfig.read(folder).vocabSize(), tokens);
    }

    /**
     * Extension by special tokens, and by the tokenizer's ids that have no row; nothing is written. Tokens that the
     * tokenizer already has keep their ids and rows.
     *
     * @param folder folder of the tokenizer
     * @param rows V
     */
    static VocabularyGrowth of(Path folder, int rows, List<String> tokens) {
        LlamaTokenizer original = LlamaTokenizer.load(folder);
        return new VocabularyGrowth(folder, rows, original, original.withSpecialTokens(tokens));
    }

    /** V'. Padding rows in V beyond the tokenizer's ids are used first. */
    public int vocabSize() {
        return Math.max(rows, extended.size());
    }

    /** New tokens and their ids, in order. */
    Map<String, Integer> addedTokens() {
        Map<String, Integer> added = new LinkedHashMap<>();
        for (int id = original.size(); id < extended.size(); id++) {
            added.put(extended.piece(id), id);
        }
        return added;
    }

    /** Whether a tensor has one row per token. */
    public static boolean isTable(String tensor) {
        return TABLES.contains(tensor);
    }

    /**
     * Extends a table {@code [V, D]} to {@code [V', D]}, as a new array.
     *
     * @throws BadInputException if the number of rows differs from the folder's config
     */
    public INDArray grow(INDArray table) {
        if (table.rank() != 2 || table.size(0) != rows) {
            throw new BadInputException(folder + ": \"vocab_size\" is " + rows + " but a table has " + table.size(0)
                    + " rows; use the config.json that came with these weights");
        }
        INDArray grown = Nd4j.create(table.dataType(), vocabSize(), table.size(1));
        grown.get(NDArrayIndex.interval(0, rows), NDArrayIndex.all()).assign(table);
        int oldRows = Math.min(rows, original.size());
        INDArray mean = mean(table, oldRows).castTo(table.dataType());
        for (int id = oldRows; id < extended.size(); id++) {
            grown.putRow(id, mean);
        }
        return grown;
    }

    /** Mean of the first rows, summed in double precision. */
    private static INDArray mean(INDArray table, int count) {
        INDArray sum = Nd4j.zeros(DataType.DOUBLE, table.size(1));
        for (int from = 0; from < count; from += BLOCK_ROWS) {
            INDArray block =
                    table.get(NDArrayIndex.interval(from, Math.min(count, from + BLOCK_ROWS)), NDArrayIndex.all());
            try (INDArray block64 = block.castTo(DataType.DOUBLE)) {
                sum.addi(block64.sum(0));
            }
        }
        return sum.divi(count);
    }

    /** The tokenizer with the new tokens. */
    LlamaTokenizer tokenizer() {
        return extended;
    }

    /** Extends a tensor if it is a table; returns other tensors unchanged. */
    LazyTensor apply(LazyTensor tensor) {
        boolean newRows = extended.size() > Math.min(rows, original.size());
        return isTable(tensor.name()) && newRows
                ? tensor.mapFloats(this::grow, vocabSize(), tensor.info().shape()[1])
                : tensor;
    }

    /** Writes the extended tokenizer's files into an existing folder. */
    public void writeTokenizer(Path to) {
        if (addedTokens().isEmpty()) {
            FolderFiles.copyTokenizer(folder, to);
            return;
        }
        if (GgufHeader.isGguf(folder)) {
            FolderFiles.copyTokenizer(folder, to);
            extend(to, to);
        } else {
            FolderFiles.copyExisting(COPIED, folder, to);
            extend(folder, to);
        }
    }

    /** Writes the files of a folder that list added tokens, with the new tokens. */
    private void extend(Path from, Path to) {
        writeJson(from, to);
        ObjectNode config = objectIn(from.resolve(TokenizerFiles.CONFIG));
        ObjectNode ids = objectIn(from.resolve(ADDED));
        extended.addedTokensAfterPieces().forEach((id, token) -> ids.put(token, id));
        AtomicFile.writeString(to.resolve(ADDED), ids.toPrettyString() + "\n");
        // Readers that find this key ignore added_tokens.json.
        if (config.get("added_tokens_decoder") instanceof ObjectNode decoder) {
            extended.addedTokensAfterPieces().forEach((id, token) -> {
                if (!decoder.has(String.valueOf(id))) {
                    describe(token, decoder.putObject(String.valueOf(id)));
                }
            });
            AtomicFile.writeString(to.resolve(TokenizerFiles.CONFIG), config.toPrettyString() + "\n");
        }
    }

    /** Writes {@code tokenizer.json} with the new tokens. */
    private void writeJson(Path from, Path to) {
        Path file = from.resolve(TokenizerFiles.JSON);
        if (!Files.isRegularFile(file)) {
            return;
        }
        ObjectNode json = (ObjectNode) JsonInput.readBoundedObject(file);
        ArrayNode tokens = json.withArray("added_tokens");
        Set<Integer> known = new HashSet<>();
        tokens.forEach(token -> known.add(token.path("id").asInt(-1)));
        extended.addedTokensAfterPieces().forEach((id, token) -> {
            if (known.add(id)) {
                describe(token, tokens.addObject().put("id", id));
            }
        });
        AtomicFile.writeString(to.resolve(TokenizerFiles.JSON), json.toPrettyString() + "\n");
    }

    private static void describe(String token, ObjectNode entry) {
        entry.put("content", token);
        for (String flag : List.of("lstrip", "normalized", "rstrip", "single_word")) {
            entry.put(flag, false);
        }
        entry.put("special", true);
    }

    private static ObjectNode objectIn(Path file) {
        return Files.isRegularFile(file)
                ? (ObjectNode) JsonInput.readBoundedObject(file)
                : JsonNodeFactory.instance.objectNode();
    }
}
