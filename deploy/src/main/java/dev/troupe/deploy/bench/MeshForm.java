package dev.troupe.deploy.bench;

import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.ZeroStage;

/** A way to split a training. */
public record MeshForm(Mesh mesh, ZeroStage zero) {
    /** Nothing is split. */
    public static final MeshForm SINGLE = new MeshForm(Mesh.SINGLE, ZeroStage.NONE);

    /**
     * Reads {@code data=2,tensor=1,pipeline=2,zero=1}; what is left out is 1, zero 0.
     *
     * @throws TroupeException saying which word is wrong
     */
    public static MeshForm parse(String text) {
        int data = 1;
        int tensor = 1;
        int pipeline = 1;
        int zero = 0;
        for (String word : text.split(",", -1)) {
            String[] pair = word.split("=", -1);
            int value = pair.length == 2 ? number(pair[1]) : -1;
            if (value < 0) {
                throw wrong(word);
            }
            switch (pair[0].strip()) {
                case "data" -> data = value;
                case "tensor" -> tensor = value;
                case "pipeline" -> pipeline = value;
                case "zero" -> zero = value;
                default -> throw wrong(word);
            }
        }
        return new MeshForm(new Mesh(data, tensor, pipeline), ZeroStage.of(zero));
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private static TroupeException wrong(String word) {
        return new TroupeException("'" + word
                + "' is no part of a mesh: write data=N, tensor=N, pipeline=N and zero=0 to 3 with commas between them,"
                + " such as data=2,zero=1");
    }

    /** Such as "2x1x1 ZeRO 1". */
    public String label() {
        return mesh + (zero == ZeroStage.NONE ? "" : " ZeRO " + zero.number());
    }
}
