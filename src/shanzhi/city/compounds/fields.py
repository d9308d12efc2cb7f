"""What a row of a file may say of a compound (导入字段). Nothing here touches the database."""

from dataclasses import dataclass

from shanzhi.city.compounds.kinds import CompoundKind


@dataclass(frozen=True)
class Field:
    """A field: its heading in the template, an example, what it is for, how long its text may be."""

    zh: str
    example: str
    help_zh: str
    most: int = 100


FIELDS = {
    "source": Field("来源", "街道台账", "谁提供的数据。不填时用导入页面上填写的来源。", 40),
    "key": Field("编号", "A-001", "来源自己的编号；有编号时，改名后再导入仍认得是同一个小区。", 120),
    "code": Field("标准地址编码", "", "城市统一的标准地址编码；编码相同就是同一个小区。", 40),
    "name": Field("小区名称", "示例花园", "必填。沿街商铺填街道或路段的名称。"),
    "kind": Field("类型", "小区", "小区、院落、村落、集体宿舍、沿街商铺；不填为小区。", 20),
    "city": Field("城市", "", "区县名称在几个城市都有时填写。"),
    "county": Field("区县", "东区", "可以简写，例如“青羊”。高新区、新区等管理区域按坐标归入区县。"),
    "county_code": Field("区县代码", "", "六位代码，可代替名称。", 12),
    "street": Field("街道", "春风街道", "街道、镇、乡的名称。"),
    "street_code": Field("街道代码", "", "九位代码，可代替名称。", 12),
    "community": Field("社区", "长乐社区", "社区、村的名称。"),
    "community_code": Field("社区代码", "", "十二位代码，可代替名称。", 12),
    "place_code": Field("区划代码", "", "区县、街道或社区的代码，一列写完时用。", 12),
    "address": Field("地址", "春风路 1 号", "小区的地址。", 200),
    "lon": Field("经度", "104.0650", "度。写在小区行上是小区的位置，写在楼栋及以下是楼栋的位置。", 30),
    "lat": Field("纬度", "30.6570", "度。", 30),
    "households": Field("小区总户数", "320", "整个小区的户数。", 20),
    "buildings": Field("楼栋数", "4", "整个小区的楼栋数。", 20),
    "building": Field("楼栋", "1 栋", "楼栋号；沿街商铺可填成排的名称。", 40),
    "stairwells": Field("单元数", "2", "楼栋行：这栋楼有几个单元。", 20),
    "floors": Field("总层数", "6", "楼栋行或单元行：共几层。户数按层平均分，标为估算。", 20),
    "stairwell": Field("单元", "1 单元", "单元号；没有单元的不填。", 20),
    "floor": Field("楼层", "3", "所在层，也可写“1-3”；地下一层写 -1 或 B1。", 20),
    "top": Field("至层", "", "几层合为一行时的最高一层。", 20),
    "homes": Field("户数", "4", "本行所说的小区、楼栋、单元或楼层有几户。", 20),
    "shops": Field("商铺数", "", "本行所说的楼栋、单元或楼层有几间商铺。", 20),
    "number": Field("门牌号", "301", "一户一行时填；楼层不填时从门牌号推算。", 20),
    "use": Field("用途", "", "一户一行时：填“商铺”“门面”“商业”为商铺，其余为住宅。", 20),
}
KIND_WORDS = {kind.zh: kind for kind in CompoundKind} | {kind.value: kind for kind in CompoundKind}
KIND_WORDS |= {
    "住宅": CompoundKind.COMPOUND, "住宅小区": CompoundKind.COMPOUND, "商品房": CompoundKind.COMPOUND,
    "楼盘": CompoundKind.COMPOUND, "老旧小区": CompoundKind.COMPOUND, "老旧院落": CompoundKind.COURTYARD,
    "散居院落": CompoundKind.COURTYARD, "单位宿舍": CompoundKind.DORMITORY, "宿舍": CompoundKind.DORMITORY,
    "自然村": CompoundKind.HAMLET, "村民小组": CompoundKind.HAMLET, "林盘": CompoundKind.HAMLET,
    "商铺": CompoundKind.SHOPS, "门面": CompoundKind.SHOPS, "沿街门面": CompoundKind.SHOPS,
}  # fmt: skip
SHOP_WORDS = frozenset({"商铺", "门面", "商业", "店铺", "商业服务", "shop"})
# What stands in a cell that says nothing.
BLANK_WORDS = frozenset(
    {"-", "--", "–", "—", "/", "无", "暂无", "暂无数据", "未知", "不详", "null", "none", "nan"}
)
