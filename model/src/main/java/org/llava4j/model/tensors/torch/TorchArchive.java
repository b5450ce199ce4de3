package org.llava4j.model.tensors.torch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileBytes;

/**
 * Index of the tensors in a {@code torch.save} file. The file is a zip with one root folder: {@code data.pkl} with a
 * dictionary of tensors, {@code data/<key>} with the elements of each storage, and {@code byteorder}.
 */
public final class TorchArchive {
    private static final String PICKLE = "/data.pkl";
    /** Size limit of the pickle: a hundred times that of a large model, but small enough for memory. */
    private static final int MAX_PICKLE_BYTES = 64 << 20;
    /** First bytes of files of PyTorch before 1.6: a pickle with a magic number. */
    private static final byte[] LEGACY = {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46};

    private final FileChannel channel;
    private final Object file;
    private final Map<String, ZipEntry> entries;
    private final String root;

    private TorchArchive(FileChannel channel, Object file, Map<String, ZipEntry> entries) {
        this.channel = channel;
        this.file = file;
        this.entries = entries;
        this.root = root();
    }

    /**
     * Reads the tensors of a file by name, without their elements.
     *
     * @param file name of the file in messages
     * @throws BadInputException if the file is damaged, or contains anything other than a flat dictionary of tensors
     */
    public static SortedMap<String, TorchTensor> read(FileChannel channel, Object file) throws IOException {
        requireNotLegacy(channel, file);
        TorchArchive archive = new TorchArchive(channel, file, ZipDirectory.read(channel, file));
        archive.requireLittleEndian();
        return archive.tensors();
    }

    private static void requireNotLegacy(FileChannel channel, Object file) throws IOException {
        int length = (int) Math.min(LEGACY.length, channel.size());
        if (FileBytes.read(channel, 0, length).equals(ByteBuffer.wrap(LEGACY))) {
            throw new BadInputException(
                    file + " has the format of PyTorch before 1.6, which is not supported; load it in"
                            + " Python and write it again with torch.save(torch.load(\"..\"), \"pytorch_model.bin\")");
        }
    }

    private String root() {
        List<String> roots = new ArrayList<>();
        for (String name : entries.keySet()) {
            if (name.endsWith(PICKLE) && name.indexOf('/') == name.length() - PICKLE.length()) {
                roots.add(name.substring(0, name.length() - PICKLE.length()));
            }
        }
        if (roots.size() != 1) {
            throw TorchFileErrors.notWeights(
                    file, "is a zip with " + roots.size() + " data.pkl files, not a file of torch.save");
        }
        return roots.get(0);
    }

    private void requireLittleEndian() throws IOException {
        ZipEntry order = entries.get(root + "/byteorder");
        // Older files have no such entry and are little-endian.
        if (order != null) {
            String text = text(order);
            if (!text.equals("little")) {
                throw new BadInputException(
                        file + " has the byte order \"" + text + "\", only \"little\" is supported; load"
                                + " it where it was written and save it as safetensors");
            }
        }
    }

    private String text(ZipEntry entry) throws IOException {
        int length = (int) Math.min(entry.size(), 16);
        return StandardCharsets.ISO_8859_1
                .decode(FileBytes.read(channel, entry.start(), length))
                .toString();
    }

    private SortedMap<String, TorchTensor> tensors() throws IOException {
        ZipEntry pickle = Objects.requireNonNull(entries.get(root + PICKLE)); // root() found it
        if (pickle.size() > MAX_PICKLE_BYTES) {
            throw TorchFileErrors.notWeights(
                    file, "has a pickle of " + pickle.size() + " bytes, the limit is " + MAX_PICKLE_BYTES);
        }
        Object content = Unpickler.read(FileBytes.read(channel, pickle.start(), (int) pickle.size()), file);
        if (!(content instanceof Map<?, ?> dictionary)) {
            throw TorchFileErrors.notWeights(file, "contains " + kind(content) + " instead of a dictionary of tensors");
        }
        SortedMap<String, TorchTensor> tensors = new TreeMap<>();
        for (Map.Entry<?, ?> entry : dictionary.entrySet()) {
            String name = TorchFileErrors.abbreviated(entry.getKey().toString());
            if (!(entry.getKey() instanceof String key) || !(entry.getValue() instanceof PickledTensor tensor)) {
                throw TorchFileErrors.notWeights(
                        file, "contains " + kind(entry.getValue()) + " under \"" + name + "\", not only named tensors");
            }
            tensors.put(key, located(name, tensor));
        }
        return tensors;
    }

    private static String kind(Object value) {
        if (value instanceof Map) {
            return "a dictionary";
        }
        if (value instanceof PickledTensor) {
            return "a tensor";
        }
        if (value instanceof List || value instanceof Object[]) {
            return "a list";
        }
        if (value instanceof Number || value instanceof Boolean) {
            return "a number";
        }
        if (value instanceof String) {
            return "a string";
        }
        return "an object";
    }

    private TorchTensor located(String name, PickledTensor tensor) throws IOException {
        PickledTensor.Storage storage = tensor.storage();
        int width = storage.type().bytes();
        String entryName = "data/" + TorchFileErrors.abbreviated(storage.key());
        ZipEntry entry = entries.get(root + "/data/" + storage.key());
        if (entry == null) {
            throw damaged(name, "is in " + entryName + ", which is missing");
        }
        // A few extra bytes, less than one element, are allowed.
        if (entry.size() / width != storage.length()) {
            throw damaged(
                    name,
                    "is in a storage of " + storage.length() + " elements of " + width + " bytes, but " + entryName
                            + " has " + entry.size() + " bytes");
        }
        long elements = requireInside(name, tensor);
        // A view may repeat elements, but not beyond the size of the file.
        if (elements > channel.size() / width) {
            throw damaged(name, "is expanded to " + elements + " elements, more than the file could contain");
        }
        long start = entry.start() + (elements == 0 ? 0 : tensor.offset() * width);
        return new TorchTensor(
                storage.type(), tensor.shape(), tensor.strides(), start, entry.start() + storage.length() * width);
    }

    /**
     * Checks that all elements lie inside the storage.
     *
     * @return the number of elements
     */
    private long requireInside(String name, PickledTensor tensor) {
        try {
            long elements = 1;
            long last = tensor.offset();
            boolean empty = false;
            for (int axis = 0; axis < tensor.shape().length; axis++) {
                long size = tensor.shape()[axis];
                empty |= size == 0;
                elements = Math.multiplyExact(elements, Math.max(size, 1));
                if (size > 1) {
                    last = Math.addExact(last, Math.multiplyExact(size - 1, tensor.strides()[axis]));
                }
            }
            if (empty) {
                return 0;
            }
            if (last >= tensor.storage().length()) {
                throw damaged(
                        name,
                        "extends to element " + last + " of a storage of "
                                + tensor.storage().length());
            }
            return elements;
        } catch (ArithmeticException e) {
            throw damaged(name, "has a shape that overflows 64 bits");
        }
    }

    private BadInputException damaged(String tensor, String problem) {
        return TorchFileErrors.damaged(file, "tensor \"" + tensor + "\" " + problem);
    }
}
