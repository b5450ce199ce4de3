package org.llava4j.data.tensors.torch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FileBytes;

/**
 * What tensors a file of {@code torch.save} holds and where. The file is one folder in a zip: {@code data.pkl} with
 * a dictionary of tensors, {@code data/<key>} with the elements of each storage, {@code byteorder}.
 */
public final class TorchArchive {
    private static final String PICKLE = "/data.pkl";
    /** For a hundred times the tensors of a large model, and still little to hold. */
    private static final int MAX_PICKLE_BYTES = 64 << 20;
    /** PyTorch before 1.6 wrote pickles one after another; the first holds a number to know them by. */
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
     * The tensors of a file by their names. The elements are left where they are.
     *
     * @param file for messages
     * @throws BadInputException if the file is damaged, or holds anything but a flat dictionary of tensors
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
            throw new BadInputException(file + " is in the format of PyTorch before 1.6, which is not read; load it in"
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
                    file, "is a zip, but with " + roots.size() + " data.pkl, not one of torch.save");
        }
        return roots.get(0);
    }

    private void requireLittleEndian() throws IOException {
        ZipEntry order = entries.get(root + "/byteorder");
        // Without the entry the file is older than it, and little-endian.
        if (order != null) {
            String text = text(order);
            if (!text.equals("little")) {
                throw new BadInputException(file + " has the byte order \"" + text + "\", only \"little\" is read; load"
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
        ZipEntry pickle = entries.get(root + PICKLE);
        if (pickle.size() > MAX_PICKLE_BYTES) {
            throw TorchFileErrors.notWeights(
                    file, "has a pickle of " + pickle.size() + " bytes, weights need no more than " + MAX_PICKLE_BYTES);
        }
        Object content = Unpickler.read(FileBytes.read(channel, pickle.start(), (int) pickle.size()), file);
        if (!(content instanceof Map<?, ?> dictionary)) {
            throw TorchFileErrors.notWeights(file, "holds " + kind(content) + " and no dictionary of tensors");
        }
        SortedMap<String, TorchTensor> tensors = new TreeMap<>();
        for (Map.Entry<?, ?> entry : dictionary.entrySet()) {
            String name = TorchFileErrors.abbreviated(entry.getKey().toString());
            if (!(entry.getKey() instanceof String key) || !(entry.getValue() instanceof PickledTensor tensor)) {
                throw TorchFileErrors.notWeights(
                        file, "holds " + kind(entry.getValue()) + " under \"" + name + "\", not only named tensors");
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
            return "a text";
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
        // A few bytes that make no whole element may follow.
        if (entry.size() / width != storage.length()) {
            throw damaged(
                    name,
                    "is in a storage of " + storage.length() + " elements of " + width + " bytes, but " + entryName
                            + " has " + entry.size() + " bytes");
        }
        long elements = requireInside(name, tensor);
        // A view may show one element many times over, but not more than the file could hold.
        if (elements > channel.size() / width) {
            throw damaged(name, "is expanded to " + elements + " elements, more than the file could hold");
        }
        long start = entry.start() + (elements == 0 ? 0 : tensor.offset() * width);
        return new TorchTensor(
                storage.type(), tensor.shape(), tensor.strides(), start, entry.start() + storage.length() * width);
    }

    /** @return the number of elements, after all of them were found to lie in the storage */
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
                        "reaches to element " + last + " of a storage of "
                                + tensor.storage().length());
            }
            return elements;
        } catch (ArithmeticException e) {
            throw damaged(name, "has a shape too large to exist");
        }
    }

    private BadInputException damaged(String tensor, String what) {
        return TorchFileErrors.damaged(file, "tensor \"" + tensor + "\" " + what);
    }
}
