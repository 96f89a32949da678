"""The queue of generations, and changes of many users' quotas in one statement.

Undone, it leaves jobs as they are.
"""

from __future__ import annotations

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UPGRADE


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWNGRADE


UPGRADE = """
CREATE OR REPLACE FUNCTION charmodels_lock_quotas(owners uuid[], wait boolean) RETURNS uuid[]
LANGUAGE plpgsql AS $function$
    -- Locks the users' quotas and tells whose: all, in one order, or without waiting those that nobody else has locked.
DECLARE
    locked uuid[];
BEGIN
    IF wait THEN
        SELECT array_agg(user_id) INTO locked FROM (
            SELECT user_id FROM user_quotas WHERE user_id = ANY (owners) ORDER BY user_id FOR NO KEY UPDATE
        ) AS found;
    ELSE
        SELECT array_agg(user_id) INTO locked FROM (
            SELECT user_id FROM user_quotas WHERE user_id = ANY (owners) FOR NO KEY UPDATE SKIP LOCKED
        ) AS found;
    END IF;
    RETURN locked;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_reserve_many(
    plans jsonb, owners uuid[], wanted integer[], holds uuid[], keys text[], lifetimes interval[], reasons text[],
    generations uuid[], moments timestamptz[], wait boolean
) RETURNS TABLE (number integer, outcome text, day date, at timestamptz, details jsonb)
LANGUAGE plpgsql AS $function$
    -- Reservations of many users, in their order: a row for each whose user could be locked.
DECLARE
    locked uuid[] := charmodels_lock_quotas(owners, wait);
BEGIN
    FOR place IN 1 .. cardinality(owners) LOOP
        IF owners[place] = ANY (locked) THEN
            SELECT held.* INTO outcome, day, at, details
            FROM charmodels_reserve(owners[place], wanted[place], plans, holds[place], keys[place],
                                    lifetimes[place], reasons[place], generations[place], moments[place]) AS held;
            number := place;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION charmodels_close_many(
    owners uuid[], holds uuid[], ways text[], entries uuid[], reasons text[], moments timestamptz[], wait boolean
) RETURNS TABLE (number integer, kind text)
LANGUAGE plpgsql AS $function$
    -- Commits and releases of many users, in their order: a row for each whose user could be locked.
DECLARE
    locked uuid[] := charmodels_lock_quotas(owners, wait);
BEGIN
    FOR place IN 1 .. cardinality(owners) LOOP
        IF owners[place] = ANY (locked) THEN
            kind := charmodels_close_hold(owners[place], holds[place], ways[place], entries[place],
                                          reasons[place], moments[place]);
            number := place;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$function$;
"""

DOWNGRADE = """
DROP FUNCTION charmodels_close_many;
DROP FUNCTION charmodels_reserve_many;
DROP FUNCTION charmodels_lock_quotas;
"""

MODELS_STATE = (
    "eJztXW132zay/is4uh/snKPoOE6TdJ3bnCvbSuLWsbu2sm237qEhEZZYU6RKkFa0af77nQH4/iaSlmRJi35oLBIDDB+A4OCZweBrazimzsTWmc"
    "k7XU833J7lOvPWEfnasuiEwR8FJdqkRafT5H286NKBKcQoltUYFDaYuEMH3HXo0IWbd9TkDC7pjA8dY+oatoUilxYjUJs1gnuuTShx7BmxHfm3"
    "qJhQDn/OxrbJOuTMJbbnmsYD42Rgu2NRnFo68Thz2oTbxHDJGCQsm9zZDjNGFrlnc95BbXR7COoY1mjdDXuW8ZfHNNceMXfMHGj+9z/gsmHp7A"
    "sABT+/tu4MZuri75Y9+JMNXc3QUXboMOoyXaNuC2XYl6nDOAf0eFBN0GkJ9DVZieie+VTcbwlx6A/8sX8TNXMDd25iDd20yGnv+uRZpHrQf9/a"
    "JKEpdK3tPEbLsIIiJUWB5go21cs14GpMrQEMm7RqcX3yVMHap/ea0CbxdsmOFde1oIHPn89O34uSOFAH2tA2vYkVlZ7O3bFthcU9z9A7KIP3Rs"
    "xiDqoSe80szzT91zK4FKrnOh4Lh58eXdDZHfVMfFlb/3vnWUN8R0lsKjB0gMcAvR3esdgMRs47X9uY5PVf5qn8tb8XyWqo8MOb/Wd7AqnkJIC6"
    "pl5P/9IQOgoANywX++vrN9lahJy42sJmTz52r/Zfvha1T23ujhxxU+Da+iYEqUu1aGhE3YFvsFavT2Iij+gYH/bksEl0TDRpBvgGWCUw17SLy7"
    "523etr2hOhG6Eppk5N/MoA2ofXJx/QpFQKU1CyyTDfXDj7vV/7WPOE879MvHDxr+6VwPhT91cB8mTu3zm/vPgQFLfhUyo/tBcn55fHKeATX42q"
    "AzkhpIZyElEqZsA6wziSUEO4wRAOrYEaeEuBRnBvz6BdCdoOg8fm+TNGMeRJKYV7fdwHDBcIWcx/vL68yMc8kkjhrRtDl/xNTIO7O4U7QlGOex"
    "ri1GyOFWRmlzuX5cwuxbCHAgr15qjHVmAZ6E/hDq608uFPSqb7wBftBH+s6vOavxQamvbwvuO5Q82yZ4tWQVhWrCi5SyfT1a2B+mefetf97qef"
    "E5142u338M5hYroKru6/TnVsWAn55az/keBP8u/Li166r8Ny/X+3UCfquTaCoVE9DmRwObgkVsV397GFGF4Y0OH9jDq6lrljH9pFZbO3JoeT9B"
    "Vq0ZHoWUQT9Yx14gn8CRaEIGRyua+oQHsR9TUMilbkvbpk6tiTqdsmlHB3biILRUdcUErUIsYE1H4LZYwHGM/Eg3W3iQyTwcnUG8DMM2Z6ltNa"
    "RqU31o3V+wLj1GRHNxaB/969e0con1tDAgM8KKlR09zHZfARuWl9hn9vWs/I83fkwrYCuU6ng//4svAFIyFIxLBICG5HLkJ4x55Z8LoP5qLejq"
    "E/S1UkKptR0DisqOOrsx8jYCrzbLFVfHKugWsL2KKouzXUupTC8pspILHwIt5swGjV1XQEfcYkj1uk6wL1yC8fe1c9vMQ1gfwQ7vwgPnGke3EK"
    "N/wpGDTRYLZzPS4K7J1cfvr5vNfvne4tfkIxcuVE/7ieERWVPW3UUqXOWcvTuwxePdBCq/WogVTZ08Zqxpc1eJjEZXJ2TcDKIBefz88Vpbm1lK"
    "YyupTRFTe64ga5N9Ubjo2kpBobuzc26tL2jyLst2dhvBIaSJrqddCOJBS73ADwpF2ZBL1neZN80JNS6wO+ddXrnp9d989OspNZ8lZyYZleFOZj"
    "DwvjL5rJrJE7hp8vDir0RQxcvzMO918cPEuBLNaYmueYdQZ2QkjNJfWHtjv2JgOLGmZd5DOCCv366E+YS9EUr8Mtx2UeRS8/1oYaeIbpGhbvYL"
    "PlhtNNa+/rtz0/2GVL6Gfkv/JfiK7j0HlRNIIUSnXMunsE23vSHsHh//sf6Rk+ID+ysJ4bLgBjHtu2yahVMNfHxVMAD0BwVQCHVwqXBaLEqpYC"
    "x5eX54nBfXyWnlk+fzruXe2/EApAIcASL59d9FMdkCGZCjui2KrJrWONxs3PvYvTs4sPiwa3Xyx/hD+1qRNy5g2W0mnZJSymt+gjvG3L4jgnm+"
    "noYpozJabCq5Lvz5PFXW7RQngBnBlnahLdLLTvZWj6T0xaPmegB7WGeUvbGLf22a9qO2GNrkYvkkNnoRMjPqjg+eGJmfzynnSvT7qnvVbuVLAk"
    "aEMnaD9W71ZOBgthTs2GCahBB+ly+lYcDZBnAOWYPse+8PufrphJC8IxYz3wIaxsd6D/VityIgasdBCLXRDzYmgvLda34X8VAZaVhluIdgjipv"
    "Em4cu+KO4kPitUjD8JXcE1A1HIzHDHQdyIiBgRoSN3cJPMxsZwHAVdcEIdRiZUF/uiOMEnwCASQ/zterDywL1PxfEpK2qrZviHAL6qiz2CVexS"
    "0KBNgX+Brx3LpHcFhcNGedCVB115SVtbuxxUHnQ1NjbCg76hK661OV7iatbAPCW2Rtoz+1ZtEdoqYGHNgG9XwEJ94J+awFe+wRX4BnEL7EPOgK"
    "3oG4zE1+gbDJY6hfYOFtgCz6DHMY5maHtWzjR9ZhXM0impFO6GtbJxfZDG/KA5wKAg/PP88MV3b777/uXr776HIkKz8Mqbkj6QUNbYmvQ1yxAs"
    "gYtM7DfaIZ5slZu4EvRiAZ+WpiDLqbQ4C1o5j9EvY+oSGtvhZN8Rd8zkdqkh8etE5uoOXjSdDOZvMc+QY4xGWNgit9FAuiX3jE2R48pSaCtqB3"
    "d9df20R1Ajsmv2zGqLXVuUTAF+aIW68XpFmqQREQVmtqMTh1GdE+isOSZH4phJiY/tGbljsyMyZg5WweaCz+MT0LN9Y5kGI7CW5HDLJ+3kXjUo"
    "AgX8h+qQ/pjFGUEoN+HMxFRMsPyckzuHCa05o85wTHy+TyRlmtB7AA4fQW56u7FszPsEiz7M1OSO8ebEdpgEwAWcBp7LuL/xDJD3JjAMjiTtuN"
    "995m+o2z9+JhT16cz9E7jBXTaZMF1idgcD9bkLloSvVEdWCK+HG9UXq8GwiGnP4PGHFEcXVsG9gez2Rjmkqic+Sg13zWIzxksTR+Vuk4qY0jq7"
    "2fK34NXUeAk78JppL2zBmsoG9mOg6yibWAqLiB1ayFbs31HuSt6I/ACj/K6CXsG4ratbKFeuX1As0hEKaVNm6TBaNbRM4X8TwwV9D1+9rrKnUb"
    "4WddUNxMq19UtBr6KWrjOaaPaUN9W8kL+Pj6A6TH5abr2c/kZGNbRLeHkVNLLUGJxtd3OoALZKrLRiklbMJKkAwZWkEtwOfu7pKOcMARe34LKw"
    "XYu1SIFTJCa5ya/6UqC7/lfvpH95lf4YRvZkVQ9HTGTnQVuWi6MGzZYlj3IM7mx/BQFqTQIxt9XOXhh/mV5o5Me6roScu2aui0RGq5yfC4u1q1"
    "J0PC5RkaNDXsmxh7DGZJxMPA6XRoJAst4SJIcce1ZEu1URzSWSJAmEfXRnjI4EYYfk0HOfsZLXPRmGitSaDIILpuQoBk5QRlJIpGqKk1Q8Vj0o"
    "G9aCWkuScBLW8xYqsgXdhmpDOTNGzvkNsVlAWnkOtx2MeDuKapUXpWbcGFlIfHmWCdCIp/M7hpx8vrq+vNJ+6v1GOJ1zIhqdGZxV5LRqhctdI6"
    "tY6ObItbEaejee9IX3XR0vD9+8Dr0c+KPMwXH9qXt+HjiMilfXiXFa5zuYEVxjUAXY87iXKusMjd/Y3M9hnvnGG3RBnqzqhSa9EE14OS49w6JO"
    "wdIjKZf2X8/9kOy1WYRxBzauJeFraen70LzmwGfEnojw2/1nz8jff5Oy+ytzfPtbuMO+g647PrvoXv2W33nHOVu+j3/r97qPtSmXbPNEG0qKzJ"
    "3ElpMFlk5yr8tiIwd9ZQ4bokMOvvrCKpEZm9syvt7fUoveuTAtXZu8756d907RmXfSvTjpncOP5Jkn6BGMsi5m7KO1tbq+FI8x5Ned4zGmNU4m"
    "NRT1JXEOWrRFIaEylI3nBBQ/C3MBCr9+2oUTX13UUDixiit0OCa8c5GaKa+dyl2Y/fqqnRcqun53/Bhq54UaG8U+roa5UFQClFYzr5faELAYSb"
    "UhYJvcuFvicNyeDQED6g7HGjf+kzNiy+napOT6gtJfpCF80RytRzO1ibn2AQx+R2t2alOBuMr2WH8SzqUFi5HPZwMV0pU2HBq2Y7g5cJdPHXG5"
    "rd7NsoyJg7oYZeTmfNfKQYzL/deDiAZHUyDTsusD82UazJcbASas+YYeq41jTOy/fjwyx7EdbcI4bt2r8zXKCKrvUpNlGHWasVBJSZX0c5P5pK"
    "GNZ6A1ZKJTsqqnN7qnn37rzvb0rkrwqhK8bhasy03wWhJW/LgMr1s7Czwusrheatc0T7WEpAo/+1VeyRp3aJw3TfP6pz0ohrVmctcwlONHWelu"
    "jPAm2V2TUCwM/fLxqhr9pUGnVc/oatIhw5wCGIoNQHtM5lBw7BmRgVW2Zc79uG+MsYrawQwP9pRZInuCiFMXOSEwzwKXaRty07qutEGZnAIAEH"
    "ljbQ8TYJiMckbwMGAuY+/9lLLyOtQpklLcM2eP+wcd34pbGvsyNeAbC4b5bZOAsji3SB+oIQa2b+XHeqtOEJToWg0fBfFsF4dBBW3HosriKshI"
    "roQS8WApn4OCJ71nlh8tlR8plQrtSuNW98mEvF72YOkWFqldHORVEEhXU+Pq4X61UgQkx0cNqzgjqJIElIaQKcfBMhwHqdmtDv+RllXxVrvHms"
    "jPax3yOZJQrHN91jnxIazz9cgIKp4qiWzGwKk52+XJK8Z3k+cuZolFShNqPyWqvmy7NzoUb614603gVRfy1s0SZ0SryWw3NMicUesArY1cfS7s"
    "iMz6ex25M9K8dQGjmENvl3OKuRR7leQZmPYhxttRi4hz20lQ4R4PNn2SATNta4QpYNPZZ2N7/8rT3K6wNeQTz1ykGC2dEzqlDtYxpB4yhyLHrR"
    "yexH7AhLSmSfBN5G2fv4xVSiZ0DqJEN7if8UNkxsXiTcjFWgRiph+15ItdxF2lCcKlsWhZhVbEo1WKhUa/2+pjoTdrPktujDh89arkAx6sSKFU"
    "+mz1cIeEuFdOtW0mp7kZH3gVPvHUcCozdN3hE2XGZSNwH2debgnETQzMtSY1+adnu7T0jIVYiYUm6F9YFj5U+ki+OIutT1iSEHEqbXDegaiCyC"
    "rafk4y4WMe4dkDb0UZ/GgN0B3ssDsPU7a5NpIlFliRtkMkvug7zpqfq21O+rPHtqmTMeXCe/3x8vxUthjUPmBUHnUgCu6J8xiIobcxBVwbZIb+"
    "yQnihzj+4OTy06ezfptc9c573eseNtr79eezqx5YxTeWb9KKF4FwJtXDTHEd8uGqe9EXqeX6Z70raReD2Ruqms5mRyd4VswRwcMdJh7oOoOnGM"
    "NYaqPlC/8fGQ/MIjj6UImRQy0XL1sM7WmLjSie8SPT4N0bePorM03uP/cMLGowwkc24x1ygCchyEbxP1TPT0onh5BO57IanKMAI9MeUhM6Yi5z"
    "4FEJsjjaBix/6y25QKzwdIXkM/uVCk35EWgCwn7Py4fFFH1D5oDFL8u0oSsEgvI2/IY6LyRiWFNEBh/54QezMUAiVxcSKh8W4h/1AKN9wPQ157"
    "iJv4iPSHIT5LdZemqbhH6rym1DuheneB3whRs/kD18GfcSj5KX8Sb2JDjKKiyQEk8jX17N9j+AlZ7EbyfxNFLrswuyvycngL022fOnAPxTTgF7"
    "6ijirU2Ig12c7ZDi/f5B+Z3b6V8WxFC20f9Nep+/nLSzmBZvhpys/3S0VfIESzgsLY5n+DHOd6blY5oQKnOj7ZSrFB1cKfSCr0eNOTcmopz53w"
    "oWoE9ISO0mssLyzUL64/XlRQGkoUT6/TaGLvmbVMyRsj1oIhQJL3cm8Ccd45OCHStQCSeeKsQKljS83lHikYTCuz7ezUOuVLDV9oTTqISeKtRK"
    "hVopH9emOGACBVYXa7UC38sHNKVbZb4XWaJdzfcSWeaLfS+i9oiuhqHSJgPGDZ3Jk6dNau3xI4y8safPvWnWm1K3Aj8+x+CET5nlSupceljmgS"
    "OEC1cD8aZv5cnPD5jjtS1KIcUv6H+G4T13hsPdGn4MX02fxxcKRA6BiL9H2h41yOH7Q3UdDE4y0CvB3beEwmiAB//cP4m5IYRL5JGkf/WdefG+"
    "r0n3JzbnrYbm9/VaXwp7RYBvBwGu6Nrl0rViUqsBZ1h+q/dELg0+xccoPmY38VZ8zH/DmlvxMYqPUXyM4mMUH/MIPuajnVoz5hZoV2Nj0J1fi4"
    "wR9IbBiUvvMdDSc4llu5IRmTO3Q25xeHTswZ9s6PIOjE/mPDBNNHZLJiDE8+Nel1o7ci4n9mSCpEmMxMEsEFi7DmXaxGF+xiY3HiEJ7b2V8aAi"
    "ZHRow0wtmRyisyEsc3lbHoVsQzWM31i3sbROcOvOBSkZT2q4Qfwn5UFrepSdCuNMZe4oQTBB5chQSL4Ik0gN8FMhK8En4dFzyDuCY5ox0xT6+P"
    "Xz8FlgjMPPivSTTy3ViXCNns6wCoJYsQiMUTxUEX/Wj1+N9UsU2BvnswKuzIV5yG8Xt9NNmGy+jcjfUQf/cceY7kuMHHIPHyHuyzpsKkwL0Zo4"
    "mPo2Na7uQE8d1YB/4DZ2Bays4LG5y6g4dRJGHh457W/w632hmIPXx/rdu3fEmExtx43ZDKjQcBIVoHxuDWEM3BEd5qJ9RPwICoi59hl5/k4A5F"
    "fY6XRESLKUEQPIL5n/YojaOob+LCUf/v0/4s2RhKgxdD2HrZcVFHPQaknBZioJqVIacJEaiudTPN82GEc7F5a5aQDXi8tU8W4q3m1jkF4J36di"
    "ZZf7adtIJnWLJuGto8sUlaqoVEWlKipVUanNqNQ+HXVNg8oBkcOkhvfbi4hUl440ikVZ1Sz5li14ppnt6CIUixKoA/knW3CO3IWxxJEWo/yeix"
    "JBcNmIuXJnvqghJx/+UquuSQFBS4vYlRhWGhZvF1MrcLsmp0KD/kq+mcXpmEKBnUvA9KrsZOrAfH91UJh+6dXBouxLfu9VXSr5xTd5Y/DGrpWU"
    "qadMvbipl7FNnvQrespMl5Z8ReX9Sl9RHYtWPmomSHAjk6X4vqjAgYhuwzvb1JlOoNttcov1u7YLld1KV2I3ma6RmiZz5homwjEYlIE+yM8Pua"
    "6Gcx13UBk/wpap5WcJEu1Kjxd89uGa79aSSh6RF3j9+YuK33Plr9gOf4Va4S2VM+Pu3GQSjwyixdlOklKbbNo0ynnyosyGLEt68uIgnfUEp618"
    "a7HrOHReaDLmGecVPRlbNFARy9//SBt9Yv7OglZ+jFAktUtuyaZnCm2WodRHI6DEUJL3KxlK0p6oZih9xBgfas1JeFYmD0yXqTcwjSHxTRAypg"
    "9MEgZvZSiNn6basKQVI82zWz8mCr6zrp2z5W7F7RWZRUdkby/kM2JNw88JZ+YDxm1BsZFMewdWWhg6FEziYQ2YdltcxjAlaSoFRpUMm4qqb0KT"
    "JD8bFUkT2eNaJIv0yaJNalFpGTQjKBXiQhFtikfzOJZmT3lOfrZU9ExS42EQ+VBP9ak99UxaGuGT1le0FDtysJASSulbE1NjYqQUGxlWLh1F4I"
    "bmOqOJwC3c8BfXG7P47eWoqCzr7bCsy0zBYnpre0zBjWW5FKG4PkIxP9jt2BgVG5a7GO72j8PDly/fHB68fP39q+/evHn1/UFoZWZvldmcx2cf"
    "0OJMAL9xJqhwNhaYn4Ejstz0FGeRVLM6r8FmG9g6Hrxs+4H5KaspYTSWF0ebL4iaN+CObep+sLdc73BhsmFkesyCFHyHCCnktwVh2VHUNTdGlu"
    "ZN90WsNYKRipV2mOs5FgaeG66435HU+j6bUMP84aZFdfp/TDbQAXsV7ReEGe50dZowWirbiaLqRXaM6BJNFC23Bk17xhyMWMaioNBiq4967vig"
    "Qm5hqUJQepFNGpRLG3J5GogWKrUufi18diyVeXRlnm2TeaZ8YcoXVhj2NNUbjo2kpBobuzc25Mc0Myx6eLkgGjaQUEuMJkdGB8ZDBvLiJV1cRs"
    "XU18c8MIKq4h2UV1g3GN8PYKE4mufkTColIzwhpXCvj7t/Xo3QEz50eZG4JQ7bPOH1Te+t91e9XvYDHl7doGMqEkg131FSUo1K1LPJ5hL2wH9s"
    "q9bnJC6zxpfqc/8k+04FFzd3UqtBDCYZO8mJ5bC3vuz7n66YGZ5aWLz34CSoa3ut2czhhgVbDJeA1k6eBVm0I/NPe7BUyH60B7uKWu6R5o/DLe"
    "dY9V1ETu7298NeH49a8hDQ3QWsKDVAI7zCxN27i1eY4GoJcAWJtXYFrVoexxSwxZBeWqxvw/+qAYvOtH8GFW6lwZ+PawPnrIShxEMb4rTYTet7"
    "PkXhhc7aX2KHzsrjhlN+1bdihyC6X6nIBtYmE6ozMphj+J6/mSHMZCbSTaVXr6toA526tzo1zDlmbtdvRR60Wz+Lvn9pwEzbGmG6sdswvcxtOz"
    "etGSoAbcGghZZkmjM2lyF/mK7roBO25ucFsx+Y42BGuPAsgeAB/aqRYmjLg14njFpRub2qgYOFbsnN2QDwpLseV+NkjPVyFuDCEJmUVKNAmQ2b"
    "4ZadFip6WWvjGgipRPB4JT7J1YAyLabAjAxFdYZss1xlIopai54waxeWhBXmCG/1mFxDRGEce5NyVwPTznhgDdj5rLQi5TeNlH9U/OiinDXBSk"
    "0Mj9VmrNkEKzGzUGs/Kl3NowNyu8wxhuNWwYLPv9tetNqjUblFC71iwJa8M7xwvs9dfuRM8X7vbOyIWo4JUrwCgZUlN/LOnylOZhMT2YmIpaRn"
    "+/DVqxJAAx8clCpMaSPupYI44MWqgbBffAfRfXFQJV8QlCpEV9xL7zKBtUbePpPiLLYxkUelsd00tEvAXVoe2yfdafLt/wELfCP/"
)
